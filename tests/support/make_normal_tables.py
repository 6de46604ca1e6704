"""Writes lib/stats/normal_tables.h: the coefficients of the normal distribution, computed from its definition.

    python tests/support/make_normal_tables.py > lib/stats/normal_tables.h        (needs mpmath)

Mills' ratio R(x) = Q(x)/phi(x), x >= 0, is R = t*h(t) with t = 4/(4 + x): 16 equal pieces of t in (0, 1], each the polynomial through
the Chebyshev nodes, in v = 32t - 2k - 1. The quantile is a rational function per piece, again through the Chebyshev nodes: of
r = 0.180625 - (p - 1/2)^2 in the middle, of r = sqrt(-ln p) in the tail (the ranges of Wichura's AS 241, one split once more).
The script checks each piece at 200 points and fails if the error exceeds 1e-16.
"""

from mpmath import cos, erfc, erfinv, exp, log, lu_solve, matrix, mp, mpf, pi, sqrt

mp.dps = 80
PIECES, DEGREE = 16, 8
LOW, HIGH = 8, 8  # degrees of numerator and denominator


def mills(x):
    if x < 30:
        return sqrt(pi / 2) * exp(x * x / 2) * erfc(x / sqrt(mpf(2)))
    f = mpf(0)
    for k in range(600, 0, -1):
        f = k / (x + f)
    return 1 / (x + f)


def mills_scaled(t):
    return mills(4 / t - 4) / t if t > mpf(10) ** -30 else mpf(1) / 4


def upper_point(log_p):
    """x with ln Q(x) = log_p < ln 1/2."""
    x = sqrt(-2 * log_p)
    while True:
        log_q = log(erfc(x / sqrt(mpf(2))) / 2)
        step = (log_q - log_p) * exp(log_q + x * x / 2) * sqrt(2 * pi)
        x += step
        if abs(step) < mpf(10) ** -70:
            return x


def nodes(low, high, n):
    return [low + (high - low) * (1 - cos(pi * (2 * k + 1) / (2 * n))) / 2 for k in range(n)]


def value(coefficients, x):
    return sum(c * x**i for i, c in enumerate(coefficients))


def polynomial(f, low, high, degree):
    n = degree + 1
    xs = nodes(mpf(-1), mpf(1), n)
    system, right = matrix(n, n), matrix(n, 1)
    for i, x in enumerate(xs):
        for j in range(n):
            system[i, j] = x**j
        right[i] = f(low + (high - low) * (x + 1) / 2)
    return list(lu_solve(system, right))


def rational(f, low, high):
    """Numerator and denominator in x - low, the latter beginning with 1."""
    n = LOW + HIGH + 1
    system, right = matrix(n, n), matrix(n, 1)
    for i, x in enumerate(nodes(low, high, n)):
        z, y = x - low, f(x)
        for j in range(LOW + 1):
            system[i, j] = z**j
        for j in range(1, HIGH + 1):
            system[i, LOW + j] = -y * z**j
        right[i] = y
    s = list(lu_solve(system, right))
    top, bottom = s[: LOW + 1], [mpf(1)] + s[LOW + 1 :]
    for i in range(201):
        x = low + (high - low) * mpf(i) / 200
        error = abs(value(top, x - low) / value(bottom, x - low) / f(x) - 1)
        assert error < mpf(10) ** -16, (low, high, error)
    return top, bottom


def middle(r):
    q = sqrt(mpf("0.180625") - r)
    return sqrt(mpf(2)) * erfinv(2 * q) / q if q else sqrt(2 * pi)


def row(numbers):
    return "{" + ", ".join(repr(float(c)) for c in numbers) + "}"


def main():
    print("/* Made by tests/support/make_normal_tables.py, which says what the numbers are. Not to be edited by hand. */")
    print("#ifndef PDM_STATS_NORMAL_TABLES_H\n#define PDM_STATS_NORMAL_TABLES_H\n")
    print("/* clang-format off */")
    print(f"#define PDM__MILLS_PIECES {PIECES}\n#define PDM__MILLS_TERMS {DEGREE + 1}\n")
    print("/* Mills' ratio over t, by powers of v. */")
    print("static const double mills_table[PDM__MILLS_PIECES][PDM__MILLS_TERMS] = {")
    for k in range(PIECES):
        low, high = mpf(k) / PIECES, mpf(k + 1) / PIECES
        p = polynomial(mills_scaled, low, high, DEGREE)
        for i in range(201):
            v = mpf(i) / 100 - 1
            error = abs(value(p, v) / mills_scaled(low + (high - low) * (v + 1) / 2) - 1)
            assert error < mpf(10) ** -16, (k, error)
        print("    " + row(p) + ",")
    print("};\n")
    print("/* Quantile: where a piece begins, numerator, denominator. The first is the middle. */")
    print(f"#define PDM__QUANTILE_TERMS {LOW + 1}\n")
    print("typedef struct quantile_piece {\n    double from;\n    double top[PDM__QUANTILE_TERMS];")
    print("    double bottom[PDM__QUANTILE_TERMS];\n} quantile_piece;\n")
    print("static const quantile_piece quantile_table[4] = {")
    tail = lambda r: upper_point(-r * r)  # noqa: E731
    ranges = ((middle, "0", "0.180625"), (tail, "1.57", "5"), (tail, "5", "12"), (tail, "12", "27.5"))
    for f, low, high in ranges:
        top, bottom = rational(f, mpf(low), mpf(high))
        print(f"    {{{low},\n     {row(top)},\n     {row(bottom)}}},")
    print("};\n/* clang-format on */\n\n#endif")


main()
