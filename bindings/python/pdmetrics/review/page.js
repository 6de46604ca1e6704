(function () {
  "use strict";
  var root = document.documentElement;
  var held = read("figures");
  var tables = read("tables");
  var names = Object.keys(held.figures);
  var drawn = {}; // the language that each figure was drawn in
  var ready = false; // whether Plotly is there
  var MOST_SHOWN = 100;
  var PAPER = 690;
  var narrow = window.matchMedia("(max-width: 640px)");
  var touch = window.matchMedia("(pointer: coarse)");

  function read(id) { return JSON.parse(document.getElementById(id).textContent); }
  function all(selector, inside) { return Array.prototype.slice.call((inside || document).querySelectorAll(selector)); }
  function lang() { return root.dataset.lang; }
  function say(en, zh) { return lang() === "zh" ? zh : en; }

  // ---------------------------------------------------------------------------------------------------------- figures

  // What is said more than once is {"$": place} and stands among the shared.
  function unshared(value) {
    if (Array.isArray(value)) return value.map(unshared);
    if (value === null || typeof value !== "object") return value;
    if (value.$ !== undefined) return unshared(held.shared[value.$]);
    var made = {};
    Object.keys(value).forEach(function (key) { made[key] = unshared(value[key]); });
    return made;
  }

  // A change is [new value], or [] for what goes, or what changes within.
  function patched(base, change) {
    if (Array.isArray(change)) return change[0];
    var made = Array.isArray(base) ? base.slice() : Object.assign({}, base);
    Object.keys(change).forEach(function (key) {
      if (Array.isArray(change[key]) && !change[key].length) delete made[key];
      else made[key] = patched(made[key], change[key]);
    });
    return made;
  }

  function figure(id) {
    var both = unshared(held.figures[id]);
    return lang() === "zh" ? patched(both.en, both.zh) : both.en;
  }

  function draw(id) {
    if (!ready || drawn[id] === lang()) return;
    var made = figure(id);
    // A finger scrolls the page; dragging out a window to zoom into is for a mouse.
    if (touch.matches) made.layout.dragmode = false;
    made.layout.autosize = true;
    Plotly.react(id, made.data, made.layout, {
      responsive: true, displaylogo: false, displayModeBar: narrow.matches ? false : "hover",
      modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"], locale: say("en", "zh-CN"),
      toImageButtonOptions: { filename: document.getElementById(id).closest("figure").querySelector("h3").innerText.trim(), scale: 2 },
    });
    // Its tools are for the mouse: with the keyboard there is the table, and seven stops fewer a chart.
    all(".modebar-btn", document.getElementById(id)).forEach(function (button) { button.tabIndex = -1; });
    drawn[id] = lang();
    root.dataset.drawn = String(names.filter(function (each) { return drawn[each] === lang(); }).length);
  }

  var seen = new IntersectionObserver(function (entries) {
    entries.forEach(function (entry) {
      entry.target.dataset.near = entry.isIntersecting ? "1" : "";
      if (entry.isIntersecting) draw(entry.target.id);
    });
  }, { rootMargin: "800px 0px" });

  // Those in sight at once, the others when there is nothing else to do.
  function drawAll() {
    names.forEach(function (id) { if (document.getElementById(id).dataset.near) draw(id); });
    var wait = window.requestIdleCallback || function (call) { return setTimeout(call, 30); };
    (function next() {
      var id = names.filter(function (each) { return drawn[each] !== lang(); })[0];
      if (!ready || id === undefined) return;
      wait(function () { draw(id); next(); });
    })();
  }

  function chinese() {
    var months = "一月 二月 三月 四月 五月 六月 七月 八月 九月 十月 十一月 十二月".split(" ");
    Plotly.register({
      moduleType: "locale", name: "zh-CN",
      dictionary: {
        "Download plot as a PNG": "下载为 PNG 图片", "Download plot as a png": "下载为 PNG 图片", Zoom: "框选放大", Pan: "平移",
        "Zoom in": "放大", "Zoom out": "缩小", "Reset axes": "还原", Reset: "还原", "Double-click to zoom back out": "双击还原",
        "Double-click on legend to isolate one trace": "双击图例只看这一项",
      },
      format: {
        days: "星期日 星期一 星期二 星期三 星期四 星期五 星期六".split(" "), shortDays: "周日 周一 周二 周三 周四 周五 周六".split(" "),
        months: months, shortMonths: months.map(function (each, i) { return i + 1 + "月"; }), date: "%Y-%m-%d",
        year: "%Y年", month: "%Y年%b", dayMonth: "%b%-d日", dayMonthYear: "%Y年%b%-d日",
      },
    });
  }

  function unpack() {
    var packed = atob(document.getElementById("plotly").textContent);
    var bytes = new Uint8Array(packed.length);
    for (var i = 0; i < packed.length; i++) bytes[i] = packed.charCodeAt(i);
    var stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text().then(function (source) {
      var script = document.createElement("script");
      script.textContent = source;
      document.head.appendChild(script);
      chinese();
      ready = true;
    });
  }

  // ------------------------------------------------------------------------------------------------------------ files

  function values(column) {
    if (column.v) return column.v;
    var codes = column.c || new Array(column.n).fill(0);
    return codes.map(function (code) { return column.d[code]; });
  }

  function ofTable(place) {
    var table = tables[place];
    var columns = table.columns.map(values);
    var rows = [];
    for (var i = 0; i < table.rows; i++) rows.push(columns.map(function (column) { return column[i]; }));
    return { file: table.file, heads: table.heads, rows: rows };
  }

  function list(value) {
    if (!value || !value.bdata) return Array.isArray(value) ? value : null;
    var bytes = Uint8Array.from(atob(value.bdata), function (each) { return each.charCodeAt(0); });
    var kinds = { f8: Float64Array, f4: Float32Array, i4: Int32Array, u4: Uint32Array, i2: Int16Array, u2: Uint16Array,
      i1: Int8Array, u1: Uint8Array };
    var flat = Array.from(new kinds[value.dtype](bytes.buffer));
    if (!value.shape) return flat;
    var width = Number(String(value.shape).split(",").pop());
    return Array.from({ length: flat.length / width }, function (_, i) { return flat.slice(i * width, (i + 1) * width); });
  }

  // What a figure shows where it was drawn from no table that the page has.
  function ofFigure(id, file) {
    var fields = ["x", "y", "z", "labels", "parents", "values", "source", "target", "value"];
    var rows = [];
    var used = {};
    figure(id).data.forEach(function (trace) {
      var from = Object.assign({}, trace, trace.type === "sankey" ? trace.link : {});
      var nodes = trace.type === "sankey" ? list(trace.node.label) : null;
      var lists = {};
      fields.forEach(function (field) { lists[field] = list(from[field]); });
      function add(row) {
        Object.keys(row).forEach(function (key) { if (row[key] !== undefined) used[key] = true; });
        rows.push(Object.assign({ series: trace.name || "" }, row));
      }
      if (lists.z && Array.isArray(lists.z[0])) {
        lists.z.forEach(function (line, i) {
          line.forEach(function (z, j) { add({ x: lists.x ? lists.x[j] : j, y: lists.y ? lists.y[i] : i, z: z }); });
        });
        return;
      }
      var length = Math.max.apply(null, fields.map(function (field) { return lists[field] ? lists[field].length : 0; }));
      for (var i = 0; i < length; i++) {
        var row = {};
        fields.forEach(function (field) {
          var value = lists[field] ? lists[field][i] : undefined;
          row[field] = nodes && (field === "source" || field === "target") ? nodes[value] : value;
        });
        add(row);
      }
    });
    var heads = ["series"].concat(fields.filter(function (field) { return used[field]; }));
    return { file: file, heads: heads, rows: rows.map(function (row) { return heads.map(function (head) { return row[head]; }); }) };
  }

  // A table as it is seen, in the language it is seen in.
  function ofShown(button) {
    var rows = all("tr", button.closest(".grid")).map(function (row) {
      return all("th, td", row).map(function (cell) { return cell.innerText.trim(); });
    });
    return { file: button.dataset.shown, heads: rows[0], rows: rows.slice(1) };
  }

  function cell(value) {
    var text = value === null || value === undefined ? "" : String(value);
    return /[",\r\n]|^\s|\s$/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
  }

  function save(button) {
    var data = button.dataset;
    var table = data.table !== undefined ? ofTable(data.table) : data.figure ? ofFigure(data.figure, data.file) : ofShown(button);
    var text = [table.heads].concat(table.rows).map(function (row) { return row.map(cell).join(",") + "\r\n"; }).join("");
    var link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv;charset=utf-8" })); // Excel needs the mark
    link.download = table.file + ".csv";
    link.click();
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 60000);
    document.getElementById("said").textContent = say("Saved ", "已保存 ") + link.download;
  }

  function element(name, text, attributes) {
    var made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    Object.keys(attributes || {}).forEach(function (key) { made.setAttribute(key, attributes[key]); });
    return made;
  }

  function plain(value) {
    if (value === null || value === undefined) return "–";
    return typeof value === "number" && !Number.isInteger(value) ? String(Number(value.toPrecision(7))) : String(value);
  }

  // The rows of a table, made when somebody wants to see them.
  function show(box) {
    var table = box.dataset.table !== undefined ? ofTable(box.dataset.table) : ofFigure(box.dataset.figure, "");
    var made = element("table", undefined, { class: "numeric" });
    var head = made.appendChild(element("thead")).appendChild(element("tr"));
    table.heads.forEach(function (name) { head.appendChild(element("th", name, { scope: "col" })); });
    var body = made.appendChild(element("tbody"));
    table.rows.slice(0, MOST_SHOWN).forEach(function (row) {
      var line = body.appendChild(element("tr"));
      row.forEach(function (value, i) { line.appendChild(element(i ? "td" : "th", plain(value), i ? {} : { scope: "row" })); });
    });
    box.textContent = "";
    var scroll = box.appendChild(element("div", undefined, { class: "scroll", "data-name-en": table.file, "data-name-zh": table.file }));
    scroll.appendChild(made);
    if (table.rows.length > MOST_SHOWN) {
      var rest = table.rows.length.toLocaleString("en");
      box.appendChild(element("p", say(MOST_SHOWN + " of " + rest + " rows; the CSV file has all.", "显示 " + rest + " 行中的前 " + MOST_SHOWN +
        " 行；CSV 为全部。"), { class: "small" }));
    }
    reach();
  }

  // --------------------------------------------------------------------------------------------------- reading, language

  // What scrolls in its own box can be reached and scrolled with the keyboard.
  function reach() {
    all(".scroll").forEach(function (box) {
      var wide = box.scrollWidth > box.clientWidth + 1;
      box.classList.toggle("wide", wide);
      if (wide || box.scrollHeight > box.clientHeight + 1) {
        box.tabIndex = 0;
        box.setAttribute("role", "region");
        box.setAttribute("aria-label", box.getAttribute("data-name-" + lang()) || "");
      } else ["tabindex", "role", "aria-label"].forEach(function (name) { box.removeAttribute(name); });
    });
  }

  function set(chosen) {
    root.dataset.lang = chosen;
    root.lang = say("en", "zh-CN");
    document.title = document.body.getAttribute("data-title-" + chosen);
    all("[data-set]").forEach(function (button) { button.setAttribute("aria-pressed", String(button.dataset.set === chosen)); });
    names.forEach(function (id) {
      var place = document.getElementById(id);
      place.setAttribute("aria-label", place.getAttribute("data-" + chosen));
    });
    all("details.data[open] .values").forEach(show);
    drawAll();
    reach();
  }

  // Pages from files share one memory in some browsers and have none in others.
  function remember(chosen) { try { localStorage.setItem("pdmetrics-language", chosen); } catch (error) { /* not here */ } }
  function remembered() { try { return localStorage.getItem("pdmetrics-language"); } catch (error) { return null; } }

  var links = all("nav a");
  var reading = new IntersectionObserver(function (entries) {
    entries.forEach(function (entry) { entry.target.dataset.read = entry.isIntersecting ? "1" : ""; });
    var first = all("main > section").filter(function (section) { return section.dataset.read; })[0];
    links.forEach(function (link) {
      if (!first || link.getAttribute("href") !== "#" + first.id) return link.removeAttribute("aria-current");
      if (link.getAttribute("aria-current")) return;
      link.setAttribute("aria-current", "true");
      var nav = link.closest("nav");
      if (nav.scrollWidth > nav.clientWidth) nav.scrollLeft = link.offsetLeft - nav.offsetLeft - 24;
    });
  }, { rootMargin: "-80px 0px -55% 0px" });

  // A printed chart must fit the sheet, not the window.
  function onPaper(printing) {
    root.classList.toggle("printing", printing);
    if (!ready) return;
    names.forEach(function (id) {
      draw(id);
      Plotly.relayout(id, printing ? { width: PAPER } : { width: null, autosize: true });
    });
  }

  all("[data-set]").forEach(function (button) {
    button.addEventListener("click", function () { remember(button.dataset.set); set(button.dataset.set); });
  });
  all("button.csv").forEach(function (button) { button.addEventListener("click", function () { save(button); }); });
  all("details.data").forEach(function (details) {
    details.addEventListener("toggle", function () { if (details.open) all(".values", details).forEach(show); });
  });
  window.addEventListener("beforeprint", function () { onPaper(true); });
  window.addEventListener("afterprint", function () { onPaper(false); });
  window.addEventListener("resize", reach);
  all("main > section").forEach(function (section) { reading.observe(section); });
  names.forEach(function (id) { seen.observe(document.getElementById(id)); });
  set(["en", "zh"].indexOf(remembered()) < 0 ? lang() : remembered());
  (window.DecompressionStream ? unpack() : Promise.reject()).then(drawAll, function () { root.classList.add("failed"); });
})();
