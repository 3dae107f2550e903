"""Checks a published Televote export; with openings, counts it again. Exit: 0 all holds, 1 a fault, 2 use."""

import argparse
import hmac
import json
import re
import zipfile
from base64 import b64decode, b64encode
from collections import Counter, defaultdict
from hashlib import blake2b, sha256
from pathlib import Path
from types import SimpleNamespace as Thing

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

OUTCOMES = """counted repeat unknown_code no_code unclear overvote undervote withdrawn early late in_transit
    withheld_caller invalid_caller barred_caller test unparsed""".split()
ACTS = """config open close adjudicate undo dispute void schedule gap waive publish certify correct lot
    withdraw bar unbar reveal erase backfill reconcile complete object answer recount score""".split()
REVISIONS, TWO, PARTS = ACTS[3:7], ACTS[6:14], {"messages": "received", "selections": "made"}  # of a balance
GONE, compact = {"counted": "voided", "pending": "rejected"}, json.JSONEncoder(separators=(",", ":")).encode


def need(holds, what):
    if not holds:
        raise ValueError(what)


def check_signature(public, signature, data, what):
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except InvalidSignature:
        raise ValueError(what) from None


def read_checkpoint(path, vkey):  # its size, its root, and the public key that has signed it
    name, key_id, key = vkey.split("+", 2)
    data, (text, _, notes) = b64decode(key, validate=True), path.read_bytes().decode().rpartition("\n\n")
    need(sha256(f"{name}\n".encode() + data).hexdigest()[:8] == key_id, "the key: its id is another's")
    signed = b"".join(map(b64decode, re.findall(rf"\A— {re.escape(name)} ([A-Za-z0-9+/=]+)\n", notes)))
    signature = signed[4:] if signed[:4].hex() == key_id else b""
    check_signature(data[1:], signature, f"{text}\n".encode(), f"{path.name}: not signed with {vkey}")
    origin, size, root = text.split("\n")
    need(origin == name, f"{path.name}: not a checkpoint of {name}")
    return int(size), b64decode(root), data[1:]


def check_manifest(folder, manifest, public):  # and each file, if the public has it
    title, first, comment, second, end = (folder / "manifest.json.minisig").read_bytes().split(b"\n")
    one, two, words = b64decode(first), b64decode(second), comment.removeprefix(b"trusted comment: ")
    need(one[:10] == b"ED" + sha256(public).digest()[:8], "manifest.json.minisig: not of the log's key")
    digest = blake2b((folder / "manifest.json").read_bytes()).digest()
    check_signature(public, one[10:], digest, "manifest.json: not what was signed")
    check_signature(public, two, one[10:] + words, "manifest.json.minisig: not the comment that was signed")
    exact = [f"untrusted comment: televote {manifest['campaign']}".encode(), b64encode(one), b64encode(two)]
    need([title, first, second] == exact and comment != words and not end, "manifest.json.minisig: changed")
    for file, path in ((one, folder / Path(one["name"]).name) for one in manifest["files"]):
        if path.exists() or file["audience"] != "committee":
            need(sha256(path.read_bytes()).hexdigest() == file["sha256"], f"{path.name}: not as was listed")


def merkle(hashes):
    if len(hashes) < 2:
        return hashes[0] if hashes else sha256(b"").digest()
    half = 1 << (len(hashes) - 1).bit_length() - 1
    return sha256(b"\1" + merkle(hashes[:half]) + merkle(hashes[half:])).digest()


def tiles(level, count):  # their paths, and where each begins and ends
    for start in range(0, count, 256):
        end, number = min(start + 256, count), str(start // 256)
        *groups, last = re.findall("...", number.zfill(-(-len(number) // 3) * 3))
        width = f".p/{end - start}" if end - start < 256 else ""
        yield f"tile/{level}/{''.join(f'x{group}/' for group in groups)}{last}{width}", start, end


def read_log(path, size):  # its entries, and their hashes: the tiles are theirs
    with zipfile.ZipFile(path) as archive:
        *levels, bundles = [list(tiles(i, size >> 8 * n)) for n, i in (*enumerate(range(8)), (0, "entries"))]
        names, entries = [name for level in (*levels, bundles) for name, *_ in level], []
        need(archive.namelist() == names, f"{path.name}: not the files of a log of {size} entries, in order")
        for name, _, end in bundles:
            data, at = archive.read(name), 0
            while at < len(data):
                entries.append(data[at + 2 : at + 2 + int.from_bytes(data[at : at + 2], "big")])
                at += 2 + len(entries[-1])
            need(at == len(data) and len(entries) == end, f"{name}: not the entries up to {end - 1}")
        leaves = hashes = [sha256(b"\0" + one).digest() for one in entries]
        for level in levels:
            for name, start, end in level:
                need(archive.read(name) == b"".join(hashes[start:end]), f"{name}: not of what is below")
            hashes = [merkle(hashes[start:end]) for _, start, end in level if end - start == 256]
    return entries, leaves


def read_leaf(leaf, where, rules):  # `outcome` is a message's as it stands after its acts; "" for an act
    version, name, kind, at, sent, last, *told, end = leaf.decode("ascii").split("\n")
    need(name == rules["id"] and not end and re.fullmatch("[0-9]+", at), f"{where}: not of {rules['id']}")
    entry = Thing(where=where, kind=kind, at=int(at), detail={}, outcome="", gone=False, chosen=[], now=[])
    entry.waits = kind in ("unclear", "in_transit", "unparsed", *rules.get("pending", ()))
    if (version, len(told)) in (("vote-leaf/v1", 0), ("vote-leaf/v2", 1)):
        exact = re.fullmatch(r"(-|\d+(\.\d{3})?)\n[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=", f"{sent}\n{last}")
        entry.outcome, entry.commit, entry.now = kind, b64decode(last), json.loads((*told, "[]")[0])
        exact, entry.chosen = exact and [compact(entry.now)][: len(told)] == told, entry.now
        need(exact and kind in OUTCOMES, f"{where}: not as a message is written")
        return entry
    need((version, sent, told) == ("act-leaf/v1", "-", []) and kind in ACTS, f"{where}: no such kind of act")
    detail = entry.detail = json.loads(last)
    need(compact(dict(sorted(detail.items()))) == last and detail["by"], f"{where}: not as an act is written")
    entry.commit, entry.chosen = b64decode(detail.get("commit", "")), detail.get("selections", [])
    return entry


def check_acts(log, trees, rules, rules_hash):  # outcomes follow; returns the log in order, and who withdrew
    gone = {(c["id"], w["code"]) for c in rules["contests"] for w in c["candidates"] if w.get("withdrawn")}
    kinds, done, row = set(), Counter(), {}
    seen = {at: Counter(act.detail.get("seen", {})) for at, act in log.items() if not act.outcome}
    for node, seq in sorted(seen, key=lambda at: at[1] + seen[at].total()):
        act, now = log[node, seq], seen[node, seq] + Counter({node: seq + 1})  # of each log so much is before
        kind, detail, where = act.kind, act.detail, f"{act.where}: {act.kind}"
        need(not done - now and now[node] == seq + 1, f"{where} tells of other logs what cannot have been")
        row.update({(one, n): log[one, n] for one, end in now.items() for n in range(done[one], end)})
        for one, root in detail.get("roots", {}).items():
            need(merkle(trees[one][: now[one]]).hex() == root, f"{where}: {one} had another root then")
        two = kind in TWO or (kind == "adjudicate" and rules.get("adjudicators") == 2)
        need(detail.get("second", "" if two else None) not in ("", detail["by"]), f"{where} needs two people")
        need((kind == "gap") == (seq == 0 and "." in node), f"{where} comes out of turn")
        if kind in ("open", "close"):
            need(kind not in kinds and (kind == "open" or "open" in kinds), f"{where} comes out of turn")
            need(kind == "close" or detail["rules"] == rules_hash, f"{where} by other rules than rules.txt")
        if kind == "withdraw":
            who, release = (detail["contest"], detail["candidate"]), rules.get("withdrawal") == "release"
            need(who not in gone and detail["release"] == release, f"{where} of {who} is against the rules")
            gone.add(who)
        kinds.add(kind)
        for at, spans in detail.get("entries", {}).items():
            for one in (log[at, seq] for low, high in spans for seq in range(low, high + 1)):
                one.gone, one.waits = one.kind not in ("erase", "score"), False
        if "entry" in detail:
            target = row.get((detail["node"], detail["entry"]))
            need(target and target.outcome, f"{where} is about {detail['entry']}, no message before it")
        if kind in REVISIONS:
            need(target.waits or kind != "adjudicate", f"{where} of a message that does not wait")
            need(kind != "undo" or act.at - target.at <= 120_000, f"{where} comes too late")
            new = [target.outcome] if detail.get("verdict") != "count" else "counted repeat withdrawn".split()
            need(detail["outcome"] in new, f"{where} cannot make a message {detail['outcome']}")
            taken = {} if kind == "dispute" or detail.get("verdict") == "keep" else GONE
            left = [[*who, taken.get(ended, ended)] for *who, ended in target.now]
            need(act.chosen == left or detail.get("verdict") == "count", f"{where} cannot leave {act.chosen}")
            target.outcome, target.waits, target.now = detail["outcome"], kind == "dispute", act.chosen
        done = now
    return row | log, gone


def check_standings(told, log, rules, gone):  # with themselves and the log; returns the figures
    here, figures, summed = "standings.json", Counter(), Counter()
    for channel, parts in told["balance"]["by_channel"].items():
        for part, first in PARTS.items():
            need(2 * parts[part][first] == sum(parts[part].values()), f"{here}: {part} do not balance")
            summed.update({(part, ended): n for ended, n in parts[part].items()})
            figures.update({(f"{part}:", channel, one): n for one, n in parts[part].items() if one != first})
    whole = {(part, one): n for part in PARTS for one, n in told["balance"][part].items()}
    need(summed == Counter(whole), f"{here}: the balance is not the sum of the channels")
    for contest, rule in zip(told["contests"], rules["contests"], strict=True):
        book = {one["code"]: one["name"] for one in rule["candidates"]}
        stays = [one["votes"] for one in contest["candidates"] if (rule["id"], one["code"]) not in gone]
        for one in contest["candidates"]:
            votes, out = sum(one["by_channel"].values()), (rule["id"], one["code"]) in gone
            rank = None if out else 1 + sum(more > votes for more in stays)
            right = min(one["by_channel"].values()) >= 0 and [votes, rank, book.pop(one["code"], 0)]
            need([one["votes"], one["rank"], one["name"]] == right, f"{here}: the row of {one['code']}")
            figures.update({(rule["id"], where, one["code"]): n for where, n in one["by_channel"].items()})
            summed["votes", ""] += votes
        need(contest["id"] == rule["id"] and not book, f"{here}: {contest['id']} is not as in rules.txt")
    need(summed["votes", ""] == summed["selections", "counted"], f"{here}: not as many votes as counted")
    ends, shown = Counter(("messages:", one.outcome) for one in log.values() if one.outcome), Counter()
    for contest, code, ended in (one for entry in log.values() for one in entry.now):
        ends.update({("selections:", ended): 1, (contest, code): ended == "counted"})
    for (part, _, one), n in figures.items():  # what an entry chose, everybody knows if ballots are open
        shown[part, one] += n * (part == "messages:" or rules.get("ballots") == "open")
    need(shown == ends, f"{here}: the log has {dict(ends)}")
    need(told["balance"]["waiting"] == sum(entry.waits for entry in log.values()), f"{here}: others wait")
    return figures


def cast(one, votes):  # what counts becomes votes; those of its caller that it voids count no more
    (mine := votes[one.voter]).over.update(one.now["voids"])
    for vote in mine.cast:
        vote.counted &= not (vote.held and vote.who[0] in one.now["voids"])
    for contest, code, ended in one.now["selections"]:
        if ended == "counted":  # held: another vote may void it, also one that stands first in another log
            vote = Thing(who=(contest, code), by=one, held=1, uses=1, counted=not mine.over[contest])
            one.cast[vote.who] = mine.cast.append(vote) or vote


def revise(act, told, one, votes):  # a message ends otherwise; but for most voids, its caps come free
    was, now, verdict = told["was"], told["now"], act.detail.get("verdict")
    need(was == one.now and now["outcome"] == act.detail["outcome"], f"{act.where}: not of what it was")
    need(act.chosen in ([], now["selections"]), f"{act.where}: its opening tells another choice")
    if act.kind == "dispute" or verdict == "keep":
        need(now == was, f"{act.where}: {act.kind} changes the message")
        return
    need(verdict == "count" or all(s[2] not in GONE for s in now["selections"]), f"{act.where}: votes stay")
    mute = act.kind == "void" and not act.detail["release"]
    for vote in one.cast.values():
        vote.uses, vote.held, vote.counted = vote.uses and mute, False, False
    for vote in votes[one.voter].cast:
        vote.counted |= not mute and vote.held and vote.who[0] in one.now["voids"]
    votes[one.voter].over.subtract(() if mute else one.now["voids"])
    one.now = now
    if verdict == "count":
        one.voter = told["voter"]
        cast(one, votes)


def recount(path, log, rules):  # the figures, from the openings of what entries commit to
    head, *lines = map(json.loads, path.read_text("ascii").splitlines())
    need([head["format"], head["campaign"]] == ["televote-openings/1", rules["id"]], "not these openings")
    given = {(one["node"], one["entry"]): one for one in lines}
    votes, messages, found = defaultdict(lambda: Thing(cast=[], over=Counter())), {}, Counter()
    for place, entry in ((place, entry) for place, entry in log.items() if not entry.gone):
        need(place in given or not entry.commit, f"{entry.where}: there is no opening of it")
        one = given[place] if entry.commit else {"blinding": "", "opening": "null"}
        key, packed, told = b64decode(one["blinding"]), one["opening"].encode(), json.loads(one["opening"])
        need(entry.commit in (b"", hmac.digest(key, packed, "sha256")), f"{entry.where}: not its opening")
        if entry.outcome:
            same = [told[9], *told[13:15]] == [entry.at, entry.kind, entry.chosen or told[14]]
            need(same and told[0] == "opening/v1", f"{entry.where}: its opening tells otherwise")
            now = dict(zip(("outcome", "selections", "voids"), told[13:16], strict=True))
            messages[place] = Thing(channel=told[1], voter=told[6], day=told[12], cast={}, now=now)
            cast(messages[place], votes)
        elif entry.kind in REVISIONS:
            revise(entry, told[1], messages[entry.detail["node"], entry.detail["entry"]], votes)
        elif entry.kind == "withdraw" and entry.detail["release"]:
            who = (entry.detail["contest"], entry.detail["candidate"])
            for vote in (v for mine in votes.values() for v in mine.cast if v.who == who and v.counted):
                vote.uses = vote.held = False
        elif entry.kind == "erase":  # what the erased messages had come to
            for part, channel, contest, code, ended, n in told[1]["totals"]:
                need(n > 0, f"{entry.where}: it takes {part}s away")
                found[f"{part}s:", channel, ended] += n * (part in ("message", "selection"))
                found[contest, channel, code] += n * ((part, ended) == ("selection", "counted"))
    for one in messages.values():
        found["messages:", one.channel, one.now["outcome"]] += 1
        for contest, code, ended in one.now["selections"]:
            stands = ended != "counted" or one.cast[contest, code].counted
            found["selections:", one.channel, ended if stands else "voided"] += 1
            found[contest, one.channel, code] += stands and ended == "counted"
    caps = (*rules["contests"], {"id": "", "caps": rules.get("caps", ())})
    for where, cap in ((one["id"], cap) for one in caps for cap in one["caps"]):
        used = Counter()
        for v in (one for mine in votes.values() for one in mine.cast if where in ("", one.who[0])):
            used[v.by.voter, {"campaign": "", "day": v.by.day, "candidate": v.who}[cap["per"]]] += v.uses
        need(max(used.values(), default=0) <= cap["votes"], f"a caller is over a cap per {cap['per']}")
    return found


def check(asked):
    manifest, log, lost, trees = json.loads((asked.folder / "manifest.json").read_bytes()), {}, {}, {}
    rules = json.loads((rules_text := (asked.folder / "rules.txt").read_bytes()).split(b"\n", 1)[1])
    for told in reversed(logs := manifest["ledger"]):  # a later epoch tells what is kept of those before it
        node, name = told["node"], f"televote/{rules['id']}/{told['node']}"
        vkey = next((one for one in (*asked.vkey, told["vkey"]) if one.startswith(f"{name}+")), "")
        if not asked.vkey:
            print(f"WARNING: nobody but the export says that this is the key; compare it:\n  {vkey}")
        size, root, public = read_checkpoint(asked.folder / f"checkpoint-{node}.txt", vkey)
        check_manifest(asked.folder, manifest, public)
        past = lost.get(node, {"size": size, "root": root.hex(), "kept": size})
        entries, hashes = _, trees[node] = read_log(asked.folder / f"ledger-{node}.zip", past["kept"])
        need(merkle(hashes) == root, f"ledger-{node}.zip: its root is not the one that was signed")
        for path in [p for p in asked.seen if f"{name}\n" in p.read_text("utf-8") or not logs[1:]]:
            seen, was, _ = read_checkpoint(path, vkey)
            now = merkle(hashes[:seen]).hex() if seen <= size else past["root"]
            need(now == was.hex() or size < seen < past["size"], f"{path.name}: the log is another")
            if seen > size:
                print(f"WARNING: {path.name}: of its {seen} entries only {size} are kept")
        log = {(node, n): read_leaf(one, f"{node}, entry {n}", rules) for n, one in enumerate(entries)} | log
        lost = (log[node, 0].detail["logs"] if "." in node and size else {}) | lost
    need(not asked.vkey or vkey in asked.vkey, f"none of the keys is of {name}")
    log, gone = check_acts(log, trees, rules, sha256(rules_text).hexdigest())
    figures = check_standings(json.loads((asked.folder / "standings.json").read_bytes()), log, rules, gone)
    what = "votes and outcomes" if rules.get("ballots") == "open" else "outcomes"
    print(f"{len(log)} entries, under a signed root; the {what} of all messages are those of the standings")
    if asked.openings:
        more, less = (found := recount(asked.openings, log, rules)) - figures, figures - found
        need(not more | less, f"standings.json, and counted again: {dict(more)} more, {dict(less)} less")
        print("counted again from the openings: the same figures")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="the export, unpacked")
    parser.add_argument("--vkey", action="append", default=[], help="a published key; once for each node")
    parser.add_argument("--seen", action="append", default=[], type=Path, help="an earlier checkpoint")
    parser.add_argument("--openings", type=Path, help="the auditor's file, to count again")
    try:
        check(parser.parse_args())
    except (ValueError, LookupError, TypeError, AttributeError, OSError, zipfile.BadZipFile) as error:
        raise SystemExit(f"BAD: {error!r}" if isinstance(error, KeyError) else f"BAD: {error}") from None
