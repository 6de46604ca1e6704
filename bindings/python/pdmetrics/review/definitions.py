"""What the sections of a page show and how it is computed, in both languages; the documentation says it at length."""

from __future__ import annotations

from .._registry import metrics
from . import Definition, Section, Text


def _define(en: str, zh: str, *formulas: tuple[str, str]) -> Definition:
    return Definition(Text(en, zh), tuple(Text(*formula) for formula in formulas))


DEFINITIONS = {
    "activity": _define(
        "A customer is active on a day on which there is a row of theirs. Counts are exact and of distinct customers.",
        "客户在某天有任意一行记录即为当天活跃；各项均为精确去重人数。",
        (
            "DAU, WAU, MAU of day d = customers active on d, on d − 6 … d, on d − 29 … d",
            "d 日的日活、周活、月活 = 在 d 日、d − 6 … d、d − 29 … d 活跃过的客户数",
        ),
        ("DAU/MAU = DAU ÷ MAU", "DAU/MAU = 日活 ÷ 月活"),
        (
            "stickiness of j = customers active in exactly j periods ÷ customers active in at least one",
            "粘性（j）= 恰好在 j 个周期活跃的客户数 ÷ 至少在 1 个周期活跃的客户数",
        ),
    ),
    "actuals": _define(
        "Sales and refunds by period and channel, each at its own time; a refund is subtracted once.",
        "按周期和渠道汇总销售与退款，各按自己的发生时间归入；退款只扣一次。",
        ("net = Σ sales − Σ refunds", "净销售额 = Σ 销售额 − Σ 退款"),
        (
            "change on a year before = sales of the period ÷ sales of the same period a year before − 1",
            "同比 = 本期销售额 ÷ 去年同期销售额 − 1",
        ),
    ),
    "attribution": _define(
        "Touches before a conversion form a journey; every model divides the same conversions over their channels.",
        "转化之前的触点组成一条旅程；各模型把同样的转化分给旅程上的渠道。",
        ("last touch: the last channel before the conversion gets all of it", "末次触点：转化前最后一个渠道得全部"),
        (
            "removal effect of a channel = 1 − P(conversion without it) ÷ P(conversion), in a Markov chain of "
            "the paths; "
            "credit is shared in proportion to it",
            "移除效应 = 1 − 去掉该渠道后的转化概率 ÷ 原转化概率（路径的马尔可夫链）；归因贡献按其比例分配",
        ),
    ),
    "credit": _define(
        "What staff are credited with for the orders they had a part in, beside what the company sold.",
        "员工因参与订单而计入的业绩，与公司实际销售额对照。",
        ("inflation = Σ credited ÷ company total", "双算倍数 = Σ 归属业绩 ÷ 公司实际销售额"),
    ),
    "experiment": _define(
        "Units were assigned to arms at random; each treatment is compared with the control on every metric. "
        "Tests and intervals "
        "say the same: an interval of the lift that leaves out 0 is a significant effect.",
        "单位随机分流到各组；每个实验组在每个指标上与对照组比较。检验与区间一致：提升区间不含 0 即为显著。",
        ("lift = (treatment − control) ÷ |control|", "提升 = (实验组 − 对照组) ÷ |对照组|"),
        (
            "shares: score test with Mee and Koopman intervals; means: Welch's t with Fieller's set; ratios: "
            "linearised by units",
            "转化率：得分检验，Mee 与 Koopman 区间；均值：Welch t 检验，Fieller 集合；比率：按单位线性化",
        ),
        (
            "sample ratio mismatch: χ² test of the units of each arm against the planned shares",
            "样本比例不均（SRM）：各组人数对计划流量的 χ² 检验",
        ),
        (
            "p, adjusted: for the number of comparisons; what is kept, adapted, killed or watched follows from "
            "goals and guardrails",
            "校正后 p：按比较次数校正；保留、调整、砍掉或继续观察由目标与护栏指标决定",
        ),
    ),
    "funnel": _define(
        "How many customers, or visits where sessions are known, do the steps one after the other. An attempt "
        "is a row of each step in "
        "this order within the window; what counts is the attempt that gets furthest.",
        "有多少客户（有会话时按会话）依次完成各步骤。一次尝试是按顺序、在窗口期内每步各一行；取走得最远的尝试。",
        ("conversion rate of a step = reached ÷ reached step 1", "总转化率 = 到达该步 ÷ 到达第 1 步"),
        ("rate of the step before = reached ÷ reached the step before", "较上一步 = 到达该步 ÷ 到达上一步"),
        ("drop-off rate = 1 − rate to the next step", "流失率 = 1 − 到下一步的转化率"),
    ),
    "lifecycle": _define(
        "Customers active in a period are new, returning or resurrected; those who were and are not any more "
        "are dormant. "
        "m is the number of quiet periods after which a customer is dormant (option dormant_after, 1 unless given).",
        "每个周期的活跃客户分为新增、留存、回流，不再活跃的为新流失。m 为流失定义的周期数（参数 dormant_after，默认 1）。",
        ("active = new + returning + resurrected", "活跃 = 新增 + 留存 + 回流"),
        (
            "dormant of period t = active in t − m and in none of t − m + 1 … t",
            "t 期新流失 = 在 t − m 期活跃、在 t − m + 1 … t 期都不活跃",
        ),
        (
            "quick ratio = (new + resurrected) ÷ dormant; above 1 the base grows",
            "速动比率 =（新增 + 回流）÷ 新流失；大于 1 说明客户在增长",
        ),
    ),
    "repurchase": _define(
        "Who orders again, and how soon. Lines of one order count once; customers who could not yet have waited "
        "n days are not in the rate "
        "of n days.",
        "谁会再次购买、隔多久。同一订单的多行只算一单；首单未满 n 天的客户不计入 n 天复购率。",
        (
            "repeat rate of a period = buyers with 2 orders or more in it ÷ buyers in it",
            "复购率 = 期内有 2 单及以上的购买者 ÷ 期内购买者",
        ),
        ("return rate = buyers who buy in the next period too ÷ buyers", "回购率 = 下一期也购买的购买者 ÷ 本期购买者"),
        (
            "n-day repurchase = second order within n × 24 hours of the first ÷ customers whose first order is "
            "that long ago",
            "n 天复购率 = 首单后 n × 24 小时内有第二单的客户 ÷ 首单已满 n 天的客户",
        ),
        (
            "step j of the ladder = customers with j + 1 orders or more ÷ with j or more",
            "复购阶梯第 j 级 = 有 j + 1 单及以上 ÷ 有 j 单及以上",
        ),
    ),
    "retention": _define(
        "Customers who begin in the same period are a cohort; column k says how many of them are back in the "
        "k-th period after. Periods that "
        "are not over are hatched and in no average.",
        "同一周期开始的客户为一个同期群；第 k 列是其中在之后第 k 个周期回来的比例。未结束的周期打斜线，不参与平均。",
        (
            "retention of k = of the cohort, back in period k ÷ size of the cohort",
            "第 k 期留存率 = 同期群中第 k 期回来的人数 ÷ 同期群人数",
        ),
        (
            "average of k = Σ back ÷ Σ size, over the cohorts whose period k is over",
            "平均（第 k 期）= Σ 回来人数 ÷ Σ 同期群人数，只含第 k 期已结束的同期群",
        ),
        (
            "LTV of k = money of the periods 0 … k, refunds subtracted ÷ size of the cohort",
            "第 k 期 LTV = 第 0 … k 期累计金额（扣除退款）÷ 同期群人数",
        ),
    ),
    "retention_array": _define(
        "Of the units that satisfy the first condition, how many satisfy each of the others.",
        "满足第一个条件的主体中，各有多少也满足其他条件。",
        (
            "rate of i = units with conditions 1 and i ÷ units with condition 1",
            "第 i 项 = 同时满足条件 1 与 i 的主体 ÷ 满足条件 1 的主体",
        ),
    ),
    "rfm": _define(
        "Every customer gets R (days since the last order), F (orders) and M (money net of refunds), each "
        "scored against all other "
        "customers, and the three scores together name the segment.",
        "每个客户有 R（距上次购买天数）、F（订单数）、M（扣除退款的金额），各与全体客户相比打分，三个分数决定分群。",
        ("R = day looked at − day of the last order", "R = 统计日 − 最后一单日期"),
        ("F = orders with a sale; M = Σ sales − Σ refunds", "F = 有效订单数；M = Σ 销售 − Σ 退款"),
        (
            "AOV = sales ÷ orders; per customer = sales ÷ customers",
            "笔单价 = 销售额 ÷ 订单数；客单价 = 销售额 ÷ 客户数",
        ),
        ("repurchase rate = customers with 2 orders or more ÷ customers", "复购率 = 有 2 单及以上的客户 ÷ 客户数"),
    ),
    "tiers": _define(
        "Customers by what they brought net of refunds, in tiers by shares: gold the best 20 %, silver the next "
        "30 %, bronze the rest, unless "
        "other tiers are given. Equal values are in one tier.",
        "按客户净贡献（扣除退款）分层：默认前 20% 为黄金，其后 30% 为白银，其余为青铜，也可另行指定；数值相同的客户在同一层。",
        (
            "rank u = (2 G + E) ÷ 2 n, with G customers above and E equal ones, of n",
            "位次 u =（2G + E）÷ 2n；G 为更高者人数，E 为相等者人数，n 为总人数",
        ),
    ),
    "targets": _define(
        "What was reached of the targets, month by month, and which factor explains the difference. A month "
        "that is still running is "
        "judged by its pace.",
        "逐月对照目标与实际，并说明差额来自哪个因素；尚未结束的月份按时间进度判断。",
        ("attainment = actual ÷ target", "完成率 = 实际 ÷ 目标"),
        ("pace = share of the target reached ÷ share planned by now", "进度指数 = 已完成比例 ÷ 按计划应完成比例"),
        (
            "GMV = buyers × orders per buyer × value of an order; effects are Shapley values and add up to the "
            "difference",
            "GMV = 购买人数 × 人均订单数 × 客单价；各因素影响为 Shapley 值，合计等于差额",
        ),
    ),
    # ----------------------------------------------------------------------------------------------- chapters of a plan
    "season": _define(
        "How the year divides over months and days: shares of the months in past years, weekdays and campaigns.",
        "全年如何分到月和日：往年各月占比、星期与大促节奏。",
        ("index of a month = its sales ÷ average of the months", "季节指数 = 当月销售额 ÷ 各月平均"),
    ),
    "shares": _define(
        "Shares of channels and segments by which the target is divided, from history or as the model file gives them.",
        "拆分目标所用的渠道与客群占比，来自历史或模型文件。",
        ("share = sales of the part ÷ sales of all", "占比 = 该部分销售额 ÷ 合计"),
    ),
    "plan": _define(
        "The target divided over months, channels and segments. Whole minor units are given out so that all "
        "parts add up to the total.",
        "目标拆到月份、渠道、客群；按整数最小货币单位分配，各部分之和等于总数。",
        (
            "target of a cell = target × share of the month × of the channel × of the segment",
            "单元目标 = 总目标 × 月占比 × 渠道占比 × 客群占比",
        ),
    ),
    "tree": _define(
        "The formula that the total is made of, with what each factor is and how much the total moves with it.",
        "构成总目标的公式：各因素取值，以及总数随之变动的程度。",
        (
            "elasticity of a factor = change of the total in % ÷ change of the factor in %",
            "弹性 = 总数变动百分比 ÷ 因素变动百分比",
        ),
    ),
    "roll": _define(
        "Users and GMV rolled forward month by month, from below: who leaves, who is won, what they buy.",
        "自下而上逐月测算用户与 GMV：流失多少、新增多少、买多少。",
        ("users at the end = users at the start − lost + won", "期末用户 = 期初用户 − 流失 + 新增"),
        ("GMV = buyers × orders per buyer × value of an order", "GMV = 购买人数 × 人均订单数 × 客单价"),
    ),
    "gap": _define(
        "What is missing between the target from above and the plan from below, and how it is shared.",
        "自上而下的目标与自下而上的测算之间的缺口，以及如何分摊。",
        ("gap = target from above − plan from below", "缺口 = 自上而下目标 − 自下而上测算"),
    ),
    "levers": _define(
        "By how much one factor, or several together, would have to change to close the gap.",
        "要补上缺口，单个或多个杠杆各需变动多少。",
    ),
    "tracking": _define(
        "What was reached of the plan by the last day of the data, and where it is heading.",
        "截至数据最后一天的完成情况与走势。",
        ("attainment = actual ÷ target", "完成率 = 实际 ÷ 目标"),
        ("pace = share of the target reached ÷ share planned by now", "进度指数 = 已完成比例 ÷ 按计划应完成比例"),
    ),
    "replan": _define(
        "Targets of the months to come, once some of the year is known: what is missing is shared by the plan "
        "of those months.",
        "年内部分月份已知后，后续各月的新目标：缺口按后续月份的计划分摊。",
    ),
}


def of(part: Section) -> Definition | None:
    """The definition of a section: its own, the one here, or what the registry says of the metric."""
    if part.definition is not None:
        return part.definition
    if part.metric in DEFINITIONS:
        return DEFINITIONS[part.metric]
    if part.metric in metrics:
        return Definition(Text(metrics[part.metric].summary, metrics[part.metric].summary))
    return None
