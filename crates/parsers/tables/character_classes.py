#!/usr/bin/env python3
"""Writes `character_classes.rs`: the character classes of CPython's `str`, by code point.

Run it with CPython 3.11: the frozen rules are defined by its Unicode 14.0 tables, and the script refuses
any other version. Usage: `python3 character_classes.py > character_classes.rs`.

It also proves, for every code point, what the matcher relies on instead of lower-casing the text: apart from A to Z, U+0130 and
U+212A, lower-casing gives exactly one character of the same class, and never an ASCII one.
"""

import hashlib
import sys
import unicodedata

BLOCK = 256
PER_WORD = 32
OTHER, WORD, DIGIT, SPACE = range(4)


def character_class(character):
    category = unicodedata.category(character)
    if category == "Nd":
        return DIGIT
    if character == "_" or category[0] in "LN":
        return WORD
    return SPACE if character.isspace() else OTHER


def prove_lowering(classes):
    for code_point in range(0x110000):
        if 0xD800 <= code_point < 0xE000 or code_point in (0x130, 0x212A):
            continue
        lowered = chr(code_point).lower()
        assert [classes[ord(c)] for c in lowered] == [classes[code_point]], hex(code_point)
        assert code_point < 0x80 or ord(lowered) >= 0x80, hex(code_point)
    assert "\u0130".lower() == "i\u0307" and "\u212a".lower() == "k"


def rows(values, per_row, form):
    for start in range(0, len(values), per_row):
        yield "    " + " ".join(form(value) + "," for value in values[start : start + per_row])


def main():
    assert unicodedata.unidata_version == "14.0.0", unicodedata.unidata_version
    classes = [character_class(chr(code_point)) for code_point in range(0x110000)]
    prove_lowering(classes)
    digest = hashlib.sha256(bytes(classes)).hexdigest()
    length = max(i for i, value in enumerate(classes) if value) // BLOCK + 1
    assert not any(classes[length * BLOCK :])
    blocks, index = [], []
    for number in range(length):
        block = tuple(classes[number * BLOCK : (number + 1) * BLOCK])
        if block not in blocks:
            blocks.append(block)
        index.append(blocks.index(block))
    assert len(blocks) <= 256
    words = [
        sum(value << (2 * at) for at, value in enumerate(block[start : start + PER_WORD]))
        for block in blocks
        for start in range(0, BLOCK, PER_WORD)
    ]
    print("// Written by `tables/character_classes.py` from CPython's Unicode 14.0.0 tables; not edited by hand.")
    print(f"// SHA-256 of the classes of U+0000..U+10FFFF, one byte each: {digest}.")
    print()
    print("/// For each block of 256 code points, its number in [`BLOCKS`]; later blocks have the class 0 throughout.")
    print("#[rustfmt::skip]")
    print(f"pub(super) static INDEX: [u8; {len(index)}] = [")
    print("\n".join(rows(index, 32, str)))
    print("];")
    print()
    print("/// Two bits a code point, lowest first: 0 other, 1 word, 2 decimal digit, 3 whitespace.")
    print("#[rustfmt::skip]")
    print('#[expect(clippy::unreadable_literal, reason = "a table is read by machines")]')
    print(f"pub(super) static BLOCKS: [u64; {len(words)}] = [")
    print("\n".join(rows(words, 6, lambda word: f"0x{word:016x}")))
    print("];")
    print(f"{len(blocks)} blocks, {digest}", file=sys.stderr)


main()
