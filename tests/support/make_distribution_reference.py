"""Writes the reference values that tests/unit/test_distribution.c reads.

    python tests/support/make_distribution_reference.py > tests/support/reference/distributions.txt        (needs mpmath)

Every value is computed here from a definition by another road than the library's, with 60 to 160 digits: power series and plain
continued fractions for the tails, sums of exact integers for the discrete distributions, bisection on those for the quantiles,
adaptive quadrature over the spread for noncentral t. Arguments are exact doubles. A line is: function, arguments, value; a value
below the double range is not written, its logarithm stands for it.
"""

import random
from math import comb

from mpmath import erfc, exp, lambertw, log, log1p, loggamma, mp, mpf, pi, quad, sqrt

mp.dps = 60
LEAST = mpf(10) ** -305
rng = random.Random(20240611)


def emit(name, arguments, value):
    print(name, *(repr(float(a)) for a in arguments), mp.nstr(value, 20, min_fixed=0, max_fixed=0))


def emit_tails(name, arguments, lower, upper):
    for tail, value, other in (("cdf", lower, upper), ("sf", upper, lower)):
        if value > LEAST:
            emit(f"{name}_{tail}", arguments, value)
        if value > 0:
            emit(f"{name}_log_{tail}", arguments, log1p(-other) if other < mpf(1) / 4 else log(value))


# ------------------------------------------------------------------------------------------------------------ definitions


def normal_tails(x):
    q = erfc(abs(mpf(x)) / sqrt(mpf(2))) / 2
    return (1 - q, q) if x >= 0 else (q, 1 - q)


def gamma_tails(a, x):
    a, x = mpf(a), mpf(x)
    if x < a + 50 or x < a * 3 / 2:
        term = total = mpf(1)
        k = 0
        while term > total * mpf(10) ** -(mp.dps + 5):
            k += 1
            term *= x / (a + k)
            total += term
        p = exp(a * log(x) - x - loggamma(a + 1)) * total
        return p, 1 - p
    f = mpf(0)
    for k in range(800 + int(20 * sqrt(a)), 0, -1):
        f = -k * (k - a) / (x + 2 * k + 1 - a + f)
    q = exp(a * log(x) - x - loggamma(a)) / (x + 1 - a + f)
    return 1 - q, q


def beta_lower_small(a, b, x):
    """Alternating series in b x; what cancels is paid for with digits."""
    term, total, k = mpf(1), 1 / a, 0
    while True:
        k += 1
        term *= (k - b) * x / k
        total += term / (a + k)
        if abs(term) < abs(total) * mpf(10) ** -mp.dps and k > b * x:
            break
    return exp(a * log(x) + loggamma(a + b) - loggamma(a) - loggamma(b)) * total


def beta_tails(a, b, x, y):
    a, b = mpf(a), mpf(b)
    if b * x < 150 and a < b and x < mpf(1) / 100:
        mp.dps = 200
        p = beta_lower_small(a, b, x)
        mp.dps = 60
        return p, 1 - p
    if a * y < 150 and b < a and y < mpf(1) / 100:
        q, p = beta_tails(b, a, y, x)
        return p, q
    if x * (a + b) > a:
        q, p = beta_tails_series(b, a, y, x)
        return p, q
    return beta_tails_series(a, b, x, y)


def beta_tails_series(a, b, x, y):
    term = total = mpf(1)
    k = 0
    while term > total * y * mpf(10) ** -(mp.dps + 2):
        term *= (a + b + k) * x / (a + 1 + k)
        k += 1
        total += term
    p = exp(a * log(x) + b * log(y) - loggamma(a + 1) - loggamma(b) + loggamma(a + b)) * total
    return p, 1 - p


def t_upper(t, df):
    t, df = mpf(t), mpf(df)
    return beta_tails(df / 2, mpf(1) / 2, df / (df + t * t), t * t / (df + t * t))[0] / 2


def noncentral_t(t, df, delta, lower):
    t, df, delta = mpf(t), mpf(df), mpf(delta)
    a = df / 2

    def f(s):
        u = t * s - delta
        tail = erfc((-u if lower else u) / sqrt(mpf(2))) / 2
        return exp(log(mpf(2)) + a * log(a) - loggamma(a) + (df - 1) * log(s) - a * s * s) * tail if s else mpf(0)

    sd = 1 / sqrt(2 * df)
    near = [1 + j * sd for j in range(-30, 31, 3)]
    points = sorted({p for p in [mpf(10) ** -4, mpf(10) ** -2, mpf(2), mpf(5), mpf(30)] + near if p > 0})
    return quad(f, [mpf(0)] + points, maxdegree=9)


def bisect(f, low, high):
    """The root of an increasing f, to 40 digits."""
    low, high = mpf(low), mpf(high)
    while high - low > abs(high + low) * mpf(10) ** -40:
        middle = (low + high) / 2
        if f(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


# ------------------------------------------------------------------------------------------------------------------ cases


def normal():
    for x in (0.0, 1e-9, 0.3, 0.7, 1.0, 1.96, 3.0, 4.9, 7.7, 12.3, 20.0, 26.0, 36.9, 37.1):
        for signed in (x, -x):
            mp.dps = 700 if x > 10 else 120
            emit_tails("normal", [signed], *normal_tails(signed))
            mp.dps = 60
    for x in (1e3, 1e5):
        r = sum((-1) ** k * mp.fac2(2 * k - 1) / mpf(x) ** (2 * k) for k in range(12))
        emit("normal_log_sf", [x], -mpf(x) ** 2 / 2 - log(mpf(x) * sqrt(2 * pi)) + log(r))
    for p in (1e-310, 1e-300, 1e-100, 1e-30, 1e-9, 0.001, 0.025, 0.0749, 0.0751, 0.3, 0.4999999, 0.5000001, 0.7, 0.975, 0.999999):
        mp.dps = 400 if p < 1e-50 else 60
        emit("normal_quantile", [p], bisect(lambda x: normal_tails(x)[0] - mpf(p), -40, 40) if p > 0.5 else
             -bisect(lambda x: mpf(p) - normal_tails(x)[1], 0, 40))
        mp.dps = 60
    for lp in (-2.0, -0.6931471805599453, -0.01, -50.0, -744.0, -5000.0):
        mp.dps = 80
        emit("normal_isf_log", [lp], bisect(lambda x: lp - log(erfc(x / sqrt(mpf(2))) / 2), -10, 110))
        mp.dps = 60
    for x in (-5.0, -0.2, 0.0, 0.4, 3.0, 50.0):
        emit("erfcx", [x], exp(mpf(x) ** 2) * erfc(mpf(x)))
    for x in (1e-3, 0.3, 0.999, 1.0, 1.001, 1.6, 2.0, 2.4, 5.5, 9.99, 10.5, 1e3, 1e7, 1e300):
        emit("log_gamma", [x], loggamma(mpf(x)))
    for x in (-0.36787944117144233, -0.3678, -0.3, -0.1, -1e-5, -1e-300):
        emit("lambert_wm1", [x], lambertw(mpf(x), -1).real)


def gammas():
    for a in (1e-3, 0.05, 0.5, 0.79, 0.81, 1.0, 3.7, 39.0, 41.0, 150.0, 1e4, 1e6):
        for z in (-12, -6, -2, -0.4, 0, 0.5, 1.7, 5, 11, 25):
            x = a + z * a**0.5 if z > 0 or a > 200 else a * 2.0**z
            if x > 0:
                mp.dps = 160 if z > 5 else 60
                emit_tails("gamma", [x, a, 1.0], *gamma_tails(a, x))
                mp.dps = 60
    for a in (0.01, 0.5, 2.5, 60.0, 5e3):
        for p in (1e-290, 1e-40, 1e-3, 0.3, 0.9, 0.9999):
            log_x = bisect(lambda s: log(gamma_tails(a, exp(s))[0]) - log(mpf(p)), log(mpf(p)) / a - 30, log(mpf(a) + 40) + 3)
            if log_x > log(LEAST):
                emit("gamma_quantile", [p, a, 1.0], exp(log_x))
    for df in (1.0, 2.0, 7.0):
        emit_tails("chi2", [6.5, df], *gamma_tails(df / 2, mpf("3.25")))


def betas():
    shapes = [(0.001, 0.001), (0.001, 1e6), (0.3, 0.5), (0.5, 500.0), (0.79, 3.0), (1.0, 0.5), (1.0, 1.0), (2.0, 9.0), (30.0, 0.2),
              (39.0, 39.0), (41.0, 1000.0), (55.5, 60.25), (1000.0, 1200.0), (3.0, 1e5), (1e4, 3e5), (1e6, 1e6), (3e6, 1e7)]
    for a, b in shapes:
        mean = a / (a + b)
        sd = (mean * (1 - mean) / (a + b + 1)) ** 0.5
        points = {mean + z * sd for z in (-20, -6, -2, -0.3, 0, 0.4, 2, 6, 20)} if a * b > 1 else set()
        if a + b < 1e5:
            points |= {mean * f for f in (1e-6, 0.02, 0.5)} | {1 - (1 - mean) * f for f in (1e-3, 0.1, 0.6)}
        for x in sorted(points):
            if 0 < x < 1:
                for (u, v, w, z) in ((a, b, mpf(x), 1 - mpf(x)),):
                    mp.dps = 160 if a + b < 1e5 else 60
                    lower, upper = beta_tails(u, v, w, z)
                    mp.dps = 60
                    if min(lower, upper) > mpf(10) ** -40 or a + b < 1e5:
                        emit_tails("beta", [x, u, v], lower, upper)
                    else:
                        emit("beta_log_cdf" if lower < upper else "beta_log_sf", [x, u, v], log(min(lower, upper)))
    for a, b in ((0.5, 0.5), (2.0, 7.0), (0.1, 20.0), (80.0, 70.0), (1.0, 1000.0)):
        for p in (1e-200, 1e-8, 0.025, 0.5, 0.9):
            s = bisect(lambda s: log(beta_tails(a, b, 1 / (1 + exp(-s)), 1 / (1 + exp(s)))[0]) - log(mpf(p)),
                       log(mpf(p)) / a - 30, 40 + 40 / b)
            if s > -690:
                emit("beta_quantile", [p, a, b], 1 / (1 + exp(-s)))
    for df1, df2, x in ((3.0, 20.0, 2.5), (1.0, 7.0, 1e-5), (500.0, 2.0, 30.0), (1e4, 1e4, 1.05), (2.5, 3.5, 1e6), (4.0, 1e6, 40.0)):
        u = mpf(df1) * mpf(x)
        emit_tails("f", [x, df1, df2], *beta_tails(df1 / 2, df2 / 2, u / (u + mpf(df2)), mpf(df2) / (u + mpf(df2))))


def students():
    for df in (0.1, 1.0, 2.0, 3.0, 7.5, 29.7, 300.0, 1e4, 1e6):
        for t in (1e-8, 0.01, 0.7, 2.0, 5.0, 13.0, 37.0, 1e5):
            if df > 1e4 and t > 100:
                continue
            mp.dps = 120
            p = t_upper(t, df)
            mp.dps = 60
            emit_tails("t", [t, df], 1 - p, p)
    for df in (0.7, 1.0, 2.0, 4.4, 30.0, 2000.0):
        for p in (1e-250, 1e-20, 1e-4, 0.025, 0.3, 0.499999):
            s = bisect(lambda s: log(mpf(p)) - log(t_upper(exp(s), df)), -30, 900 if df < 3 else 300)
            if s < 700:
                emit("t_isf", [p, df], exp(s))
    for t, df, delta in ((2.0, 20.0, 1.0), (2.1, 38.0, 3.0), (-1.5, 12.0, 0.8), (0.3, 1.0, 2.0), (30.0, 8.0, 8.25), (1.7, 5000.0, 2.8)):
        mp.dps = 30
        lower, upper = (noncentral_t(t, df, delta, side) for side in (True, False))
        emit("noncentral_t_cdf", [t, df, delta], lower)
        emit("noncentral_t_sf", [t, df, delta], upper)
        emit("noncentral_t_log_cdf", [t, df, delta], log(lower))
        emit("noncentral_t_cdf", [-t, df, -delta], upper)
        mp.dps = 60


def discrete():
    for n, p in ((1, 0.25), (17, 0.5), (60, 0.03125), (200, 0.984375), (1000, 0.375)):
        for k in sorted({0, n, n // 3, rng.randrange(n + 1), rng.randrange(n + 1), int(n * p)}):
            x = mpf(p)
            mass = [comb(n, j) * x**j * (1 - x) ** (n - j) for j in range(n + 1)]
            if mass[k] > LEAST:
                emit("binomial_pmf", [k, n, p], mass[k])
            mp.dps = 400
            lower = sum(comb(n, j) * x**j * (1 - x) ** (n - j) for j in range(k + 1))
            mp.dps = 60
            emit_tails("binomial", [k, n, p], lower, sum(mass[k + 1 :], mpf(0)))
    for total, marked, drawn in ((10, 9, 1), (68, 8, 34), (400, 100, 37), (4000, 1500, 2000)):
        low, high = max(0, drawn - total + marked), min(marked, drawn)
        for k in sorted({low, high, (low + high) // 2, marked * drawn // total, (3 * low + high) // 4}):
            weight = [comb(marked, j) * comb(total - marked, drawn - j) for j in range(low, high + 1)]
            everything = comb(total, drawn)
            if mpf(weight[k - low]) / everything > LEAST:
                emit("hypergeometric_pmf", [k, total, marked, drawn], mpf(weight[k - low]) / everything)
            for name, part in (("cdf", weight[: k - low + 1]), ("sf", weight[k - low + 1 :])):
                if mpf(sum(part)) / everything > LEAST:
                    emit(f"hypergeometric_{name}", [k, total, marked, drawn], mpf(sum(part)) / everything)


print("# Made by tests/support/make_distribution_reference.py, which says how.")
for part in (normal, gammas, betas, students, discrete):
    part()
