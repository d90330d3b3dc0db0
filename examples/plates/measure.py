#!/usr/bin/env python3
"""Measures the action on fresh frames: python3 measure.py --seeds 1001-1300 [--crops]"""

import argparse
import base64
import os
import sys
import time

GRADES = ("easy", "medium", "hard")


def bar(done, total, started):
    if not sys.stderr.isatty() and done % 25 and done != total:
        return
    width = 30 * done // total
    left = (time.time() - started) / done * (total - done)
    end = "\n" if done == total or not sys.stderr.isatty() else "\r"
    print(f"[{'#' * width}{'.' * (30 - width)}] {done}/{total}, {left:.0f} s left ", end=end, file=sys.stderr, flush=True)


def crop(image, plate, others):
    """The car with a margin, and the plates that lie wholly in that crop."""
    x0, y0, x1, y1 = plate["car"]
    mx, my = (x1 - x0) // 10, (y1 - y0) // 10
    x0, y0 = max(0, x0 - mx), max(0, y0 - my)
    x1, y1 = min(image.shape[1], x1 + mx), min(image.shape[0], y1 + my)

    def inside(quad, margin):
        return all(x0 + margin <= x <= x1 - margin and y0 + margin <= y <= y1 - margin for x, y in quad)

    return image[y0:y1, x0:x1], [p for p in others if inside(p["quad"], 0)]


class Tally:
    def __init__(self):
        self.total = dict.fromkeys(GRADES, 0)
        self.right = dict.fromkeys(GRADES, 0)
        self.empty = self.false_empty = self.reads = self.wrong = self.pictures = 0
        self.times, self.work, self.misses = [], [], []

    def add(self, name, answer, truth, seconds, work=0):
        if "error" in answer:
            sys.exit(f"{name}: {answer['error']}")
        self.pictures += 1
        self.times.append(seconds * 1000)
        self.work.append(work * 1000)
        got = [p["text"] for p in answer["plates"]]
        self.reads += len(got)
        if not truth:
            self.empty += 1
            self.false_empty += bool(got)
        for plate in truth:
            self.total[plate["difficulty"]] += 1
            if plate["text"] in got:
                got.remove(plate["text"])
                self.right[plate["difficulty"]] += 1
            else:
                self.misses.append(f"{name} {plate['text']} ({plate['difficulty']}, {plate['points']} points): {got}")
        self.wrong += len(got)

    def table(self, engine, kind):
        def share(part, whole):
            return f"{100 * part / whole:.1f} % ({part}/{whole})" if whole else "-"

        rows = [("engine", engine), (kind, str(self.pictures)),
                ("plates read exactly, all", share(sum(self.right.values()), sum(self.total.values())))]
        rows += [(f"plates read exactly, {g}", share(self.right[g], self.total[g])) for g in GRADES]
        rows += [("empty frames with a false plate", share(self.false_empty, self.empty)),
                 ("reads that are wrong", share(self.wrong, self.reads))]
        for name, times in (("ms", sorted(self.times)), ("ms of processor time", sorted(self.work))):
            rows += [(f"median {name}", f"{times[len(times) // 2]:.0f}"), (f"p95 {name}", f"{times[int(len(times) * 0.95)]:.0f}")]
        return "\n".join(f"{name:34} {value}" for name, value in rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1001-1300")
    parser.add_argument("--engine", choices=("rapidocr", "tesseract"))
    parser.add_argument("--crops", action="store_true", help="crop each car and read the crops")
    parser.add_argument("--misses", action="store_true", help="list what was not read")
    args = parser.parse_args()
    if args.engine:
        os.environ["PLATES_ENGINE"] = args.engine
    started = time.time()
    import plates
    loaded = time.time() - started
    import frames
    if plates.READER is None:
        sys.exit(plates.WHY)
    tally, numbers, started = Tally(), frames.seeds(args.seeds), time.time()
    for done, seed in enumerate(numbers, 1):
        image, about = frames.draw(seed)
        pictures = [(image, about["plates"])]
        if args.crops:
            pictures = [crop(image, plate, about["plates"]) for plate in about["plates"]]
        for picture, truth in pictures:
            text = base64.b64encode(frames.jpeg(picture)).decode("ascii")
            begun, worked = time.perf_counter(), time.process_time()
            answer = plates.main({"image": text})
            tally.add(seed, answer, truth, time.perf_counter() - begun, time.process_time() - worked)
        bar(done, len(numbers), started)
    print(tally.table(plates.READER.name, "crops" if args.crops else "frames"))
    print(f"{'import and model load, s':34} {loaded:.2f}")
    if args.misses:
        print("\n".join(tally.misses))


if __name__ == "__main__":
    main()
