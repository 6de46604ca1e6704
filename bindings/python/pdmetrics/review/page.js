(function () {
  "use strict";
  var figures = JSON.parse(document.getElementById("figures").textContent);
  var root = document.documentElement;

  // On a phone the tools of a chart would lie over its title.
  var tools = window.matchMedia("(max-width: 640px)").matches ? false : "hover";

  function draw(lang) {
    Object.keys(figures).forEach(function (id) {
      var figure = figures[id][lang];
      Plotly.react(id, figure.data, figure.layout, { responsive: true, displaylogo: false, displayModeBar: tools });
      var title = figure.layout.title && figure.layout.title.text;
      document.getElementById(id).setAttribute("aria-label", title || "");
    });
  }

  function set(lang) {
    root.dataset.lang = lang;
    root.lang = lang === "zh" ? "zh-CN" : "en";
    document.querySelectorAll("nav button").forEach(function (button) {
      button.setAttribute("aria-pressed", String(button.dataset.set === lang));
    });
    draw(lang);
  }

  document.querySelectorAll("nav button").forEach(function (button) {
    button.addEventListener("click", function () { set(button.dataset.set); });
  });
  // A printed chart must fit the sheet, not the window.
  function fit() {
    Object.keys(figures).forEach(function (id) { Plotly.Plots.resize(id); });
  }
  window.addEventListener("beforeprint", fit);
  window.addEventListener("afterprint", fit);
  set(root.dataset.lang);
})();
