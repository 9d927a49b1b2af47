"""Leaves the results of a campaign in a folder as few files of limited size."""

import zipfile

FILES, BYTES = 8, 16_000_000


def pack(results, out, log, most=FILES, size=BYTES):
    """Leaves results and log in a folder, as at most `most` files of at most `size` bytes.

    What fits lies there as it is. Else it lies in archives, the newest results first, and a file larger than an archive
    in numbered parts, to be joined one after the other. What has no place is named in the log.

    Returns:
        names of the results that had no place.
    """
    for old in [*out.glob("campaign*"), *(out / path.name for path in results.iterdir())]:
        old.unlink(missing_ok=True)  # of an earlier call
    found = sorted(results.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    left = []
    if len(found) < most and all(path.stat().st_size <= size for path in found):
        for path in found:
            (out / path.name).write_bytes(path.read_bytes())
    else:
        archives, left = _bins(found, most - 1, size)
        for number, parts in enumerate(archives, 1):
            with zipfile.ZipFile(out / f"campaign-{number}.zip", "w", zipfile.ZIP_STORED) as archive:
                for name, part in parts:
                    archive.writestr(name, part)
    if left:
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"no place for {', '.join(left)} (they lie in {results})\n")
    (out / "campaign.log").write_bytes(log.read_bytes()[-size:])
    return left


def _bins(found, most, size):
    """Distributes files over at most `most` archives: [[(name, bytes)]], and the names of those without a place."""
    margin = 1_000  # of an entry's two headers
    archives, free, left = [], [], []
    for path in found:
        whole = path.read_bytes()
        room = size - margin
        pieces = [whole[at : at + room] for at in range(0, max(len(whole), 1), room)]
        names = [f"{path.name}.{i}-of-{len(pieces)}" for i in range(1, len(pieces) + 1)]
        names = names if len(pieces) > 1 else [path.name]
        places, after = [], list(free)
        for piece in pieces:
            needed = len(piece) + margin
            place = next((i for i, space in enumerate(after) if space >= needed), len(after))
            after += [size] * (place == len(after))
            after[place] -= needed
            places.append(place)
        if len(after) > most:
            left.append(path.name)
            continue
        free = after
        archives += [[] for _ in range(len(free) - len(archives))]
        for place, entry in zip(places, zip(names, pieces)):
            archives[place].append(entry)
    return archives, left
