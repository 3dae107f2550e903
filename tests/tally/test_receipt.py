"""A receipt's code is read however it is typed, and its proof holds offline, with the log's key alone."""

import hashlib
import os
import random
from collections.abc import Iterator

import pytest

from tally import entry, merkle, receipt, tiles
from tally.note import Checkpoint, Signer, Verifier
from tally.receipt import BadCode, BadReceipt, Receipt
from tally.tiles import Name, Reader, Tree

SIGNER = Signer("televote/beita-2018/n1", bytes(range(32)))

TYPED = {
    "7Q4K-9XWM-2T0R": "7Q4K-9XWM-2T0R",
    "7q4k-9xwm-2t0r": "7Q4K-9XWM-2T0R",
    "7q4k9xwm2tOr": "7Q4K-9XWM-2T0R",
    "  7Q4K 9XWM 2T0R\n": "7Q4K-9XWM-2T0R",
    "7Q4K–9XWM—2T0R": "7Q4K-9XWM-2T0R",
    "７Ｑ４Ｋ－９ＸＷＭ－２Ｔ０Ｒ": "7Q4K-9XWM-2T0R",
    "ooooiiiillll": "0000-1111-1111",
    "ZZZZ-ZZZZ-ZZZZ": "ZZZZ-ZZZZ-ZZZZ",
}


@pytest.mark.parametrize("typed", TYPED)
def test_a_code_is_read_however_it_is_typed(typed: str) -> None:
    assert receipt.spelled(receipt.read_code(typed)) == TYPED[typed]


NO_CODES = (
    "", "7Q4K-9XWM-2T0", "7Q4K-9XWM-2T0RR", "7Q4K-9XWM-2T0U", "7Q4K-9XWM-2T0%", "回执码回执码回执码回执码",
    "\0" * 12, "7" * 101, "7Q4K-9XWM-2T0R" + " " * 100, "\ud800" * 12,
)  # fmt: skip


@pytest.mark.parametrize("typed", NO_CODES)
def test_what_is_no_code(typed: str) -> None:
    with pytest.raises(BadCode):
        receipt.read_code(typed)


def test_the_code_is_what_the_brief_says() -> None:
    hashed = merkle.leaf_hash(b"an entry\n")
    bits = f"{int.from_bytes(hashlib.sha256(b'vote-track/v1' + hashed).digest()):0256b}"[:60]
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    signs = "".join(alphabet[int(bits[at : at + 5], 2)] for at in range(0, 60, 5))
    assert receipt.spelled(receipt.number(hashed)).replace("-", "") == signs


def test_every_code_comes_back() -> None:
    draw = random.Random(1)
    for _ in range(2_000):
        number = draw.getrandbits(60)
        assert receipt.read_code(receipt.spelled(number)) == number


class Log:
    """A log of messages in memory, and its tiles."""

    def __init__(self, size: int) -> None:
        self.leaves = [
            entry.message_leaf("beita-2018", "counted", 1_532_000_000_000 + n, "-", n.to_bytes(32))
            for n in range(size)
        ]
        tree = Tree()
        self.tiles = dict(tree.append(merkle.leaf_hash(leaf) for leaf in self.leaves))
        self.tiles |= dict(tree.partial())
        self.checkpoint = SIGNER.sign(Checkpoint(SIGNER.verifier.name, tree.size, tree.root).text())

    def read(self, name: Name) -> bytes:
        return self.tiles[name]

    def receipt(self, index: int) -> Receipt:
        hashes = Reader(len(self.leaves), self.read).inclusion(index)
        return Receipt(self.leaves[index], index, tuple(hashes), self.checkpoint)


def receipts(count: int) -> Iterator[Receipt]:
    """Receipts from logs of many sizes."""
    draw = random.Random(6)
    for size in (1, 2, 3, 255, 256, 257, 1_000, 70_000):
        log = Log(size)
        for _ in range(count // 8):
            yield log.receipt(draw.randrange(size))


def test_receipts_hold_with_the_key_alone() -> None:
    """L6, with those of the next test: 1,000 hold, and 2,000 with one byte changed do not."""
    for one in receipts(1_000):
        proved, leaf = receipt.check(one.pack(), SIGNER.verifier)
        assert (proved, leaf.kind, leaf.commit) == (one, "counted", one.seq.to_bytes(32))
        assert proved.number == receipt.number(merkle.leaf_hash(one.leaf))
        assert len(one.pack()) < 1_500


def test_receipts_with_one_byte_changed_do_not() -> None:
    draw = random.Random(7)
    for one in receipts(200):
        file = one.pack()
        for _ in range(10):
            at, other = draw.randrange(len(file)), draw.randrange(1, 256)
            changed = file[:at] + bytes([file[at] ^ other]) + file[at + 1 :]
            with pytest.raises(BadReceipt):
                receipt.check(changed, SIGNER.verifier)


@pytest.mark.soak
def test_ten_thousand_receipts_hold_and_as_many_changed_ones_do_not() -> None:
    """L6, as often as `SOAK_RECEIPTS` says."""
    draw, count = random.Random(10), int(os.environ.get("SOAK_RECEIPTS", "10000"))
    for one in receipts(count):
        file = one.pack()
        assert receipt.check(file, SIGNER.verifier)[0] == one
        at, other = draw.randrange(len(file)), draw.randrange(1, 256)
        with pytest.raises(BadReceipt):
            receipt.check(file[:at] + bytes([file[at] ^ other]) + file[at + 1 :], SIGNER.verifier)


def test_no_byte_of_a_receipt_is_idle() -> None:
    """Every byte of one receipt, by its lowest bit and by its case: base64 has bits that mean nothing."""
    file = Log(300).receipt(17).pack()
    for at, bit in ((at, bit) for at in range(len(file)) for bit in (1, 2, 32)):
        changed = file[:at] + bytes([file[at] ^ bit]) + file[at + 1 :]
        with pytest.raises(BadReceipt):
            receipt.check(changed, SIGNER.verifier)


LOG = Log(300)
GOOD = LOG.receipt(17)
WRONG = {
    "another entry": GOOD._replace(leaf=LOG.leaves[18]),
    "another place": GOOD._replace(seq=16),
    "a place beyond the log": GOOD._replace(seq=300),
    "a hash too few": GOOD._replace(hashes=GOOD.hashes[:-1]),
    "a hash too many": GOOD._replace(hashes=(*GOOD.hashes, bytes(32))),
    "a shorter hash": GOOD._replace(hashes=(GOOD.hashes[0][:31], *GOOD.hashes[1:])),
    "another log's checkpoint": GOOD._replace(checkpoint=Log(299).checkpoint),
    "not signed": GOOD._replace(checkpoint=GOOD.checkpoint.partition("\n\n")[0] + "\n\n"),
    "a signature that is a dash": GOOD._replace(checkpoint=GOOD.checkpoint.replace("— ", "—\n")),
    "no leaf": GOOD._replace(leaf=b"hello"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_proves_nothing(what: str) -> None:
    with pytest.raises(BadReceipt):
        receipt.check(WRONG[what].pack(), SIGNER.verifier)


@pytest.mark.parametrize(
    "key",
    [
        Signer(SIGNER.verifier.name, bytes(32)).verifier,
        Signer("televote/beita-2018/n2", bytes(range(32))).verifier,
    ],
    ids=["another key", "another name"],
)
def test_only_the_logs_own_key_will_do(key: Verifier) -> None:
    with pytest.raises(BadReceipt):
        receipt.check(GOOD.pack(), key)


def test_a_log_may_not_sign_for_another() -> None:
    other = SIGNER.sign(Checkpoint("televote/another/n1", 300, Reader(300, LOG.read).root()).text())
    with pytest.raises(BadReceipt, match="another log"):
        receipt.check(GOOD._replace(checkpoint=other).pack(), SIGNER.verifier)


def test_the_file_is_as_c2sp_has_it() -> None:
    lines = GOOD.pack().decode().split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[1].startswith("extra ")
    assert lines[2] == "index 17"
    assert lines[lines.index("") + 1 :] == LOG.checkpoint.split("\n")
    assert len(lines[3 : lines.index("")]) == 9
    assert tiles.proves_inclusion(
        merkle.leaf_hash(LOG.leaves[17]), 17, 300, GOOD.hashes, Reader(300, LOG.read).root()
    )
