"""First records: remember which record had a value first, in little memory.

A value is kept as 96 bits of a hash. That two different values have the same ones, by
which the second would wrongly be a duplicate, has odds of one in 4 * 10^16 for two
million values. An entry takes 16 bytes, and a third of the entries stays free: two
million values take 48 MB, where a dictionary would take 300.
"""

from array import array
from hashlib import blake2b
from struct import Struct

_FEWEST_SLOTS = 1024
_HALVES = Struct("<QI")


class FirstRecords:
    """The record of each match key, found by open addressing in arrays."""

    def __init__(self, *, expected: int = 0) -> None:
        self._create(expected * 3 // 2 + _FEWEST_SLOTS)

    def first(self, key: str, number: int) -> int:
        """Return the number of the record that had a key before; 0 if none had.

        Then `number`, which is not 0, is the first.
        """
        low, high = _HALVES.unpack(blake2b(key.encode(), digest_size=12).digest())
        lows, highs, numbers = self._lows, self._highs, self._numbers
        slot: int = low % self._slots
        while found := numbers[slot]:
            if lows[slot] == low and highs[slot] == high:
                return found
            slot = slot + 1 if slot + 1 < self._slots else 0
        lows[slot], highs[slot], numbers[slot] = low, high, number
        self._free -= 1
        if not self._free:
            self._grow()
        return 0

    def _create(self, slots: int) -> None:
        self._slots = slots
        self._free = slots * 2 // 3  # more entries would stand in each other's way
        self._lows = array("Q", [0]) * slots
        self._highs = array("I", [0]) * slots
        self._numbers = array("I", [0]) * slots

    def _grow(self) -> None:
        entries = zip(self._lows, self._highs, self._numbers, strict=True)
        self._create(self._slots * 2)
        for low, high, number in entries:
            if number:
                slot = low % self._slots
                while self._numbers[slot]:
                    slot = slot + 1 if slot + 1 < self._slots else 0
                self._lows[slot], self._highs[slot] = low, high
                self._numbers[slot] = number
                self._free -= 1
