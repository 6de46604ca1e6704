"""Columns of serialised states, read as docs/format.cddl has them, by code that shares nothing with the library."""

import struct


def column(item):
    """Values of a typed array."""
    code = {64: "B", 70: "I", 71: "Q", 78: "i", 79: "q"}[item.number]
    return list(struct.unpack(f"<{len(item.content) // struct.calcsize(code)}{code}", item.content))


class Bits:
    """Reads the columns of journals, as the grammar's comment has them."""

    def __init__(self, data):
        self.word, self.at, self.size = int.from_bytes(data, "little"), 0, 8 * len(data)

    def take(self, count):
        assert self.at + count <= self.size
        found = self.word >> self.at & (1 << count) - 1
        self.at += count
        return found

    def number(self):
        length = self.take(6)
        return self.take(length) | 1 << length if length else self.take(1)

    def signed(self):
        number = self.number()
        return -(number + 1 >> 1) if number & 1 else number >> 1

    def end(self):
        assert self.size - self.at < 8 and self.word >> self.at == 0


def packed_entries(data, count):
    bits, found, at = Bits(data), [], 0
    while len(found) < count:
        at += bits.number()
        found += [at] * (bits.number() + 1)
        at += 1
    assert len(found) == count
    bits.end()
    return found


def packed_words(data, entries):
    bits, found = Bits(data), []
    form = bits.take(2)
    if form == 3:
        found = [bits.signed()] * len(entries)
    elif form == 2:
        more, values = bits.take(8), [bits.signed()]
        for _ in range(more):
            values.append(values[-1] + bits.number() + 1)
        width = max(1, more.bit_length())
        found = [values[bits.take(width)] for _ in entries]
    else:
        least, divisor, steps = bits.signed(), bits.number(), 0
        for i, entry in enumerate(entries):
            rises = form == 1 and i > 0 and entries[i - 1] == entry
            steps = bits.number() + (steps if rises else 0)
            found.append(least + divisor * steps)
    bits.end()
    return found


def journal(item):
    """The columns of a journal, of either format: entries first."""
    if not isinstance(item[0], int):
        return list(map(column, item))
    count, entries, *words = item
    if count == 0:
        assert not any([entries, *words])
        return [[] for _ in item[1:]]
    entries = packed_entries(entries, count)
    return [entries, *(packed_words(data, entries) for data in words)]
