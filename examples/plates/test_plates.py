#!/usr/bin/env python3
"""python3 -m unittest test_plates (in this folder, or with -s from elsewhere)"""

import base64
import json
import os
import struct
import sys
import unittest
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

try:
    import cv2
    import numpy as np
except ImportError as error:  # no silent skip: without it nothing here was tested
    raise SystemExit(f"these tests need OpenCV and NumPy: {error}; see requirements.txt") from error

import frames
import measure
import plates

FLOOR = {"rapidocr": 0.9, "tesseract": 0.85}  # of the committed frames' plates


def ask(data, **more):
    return plates.main({"image": base64.b64encode(data).decode("ascii"), **more})


def stored():
    with open(os.path.join(HERE, "frames", "truth.json"), encoding="ascii") as file:
        for name, about in json.load(file).items():
            with open(os.path.join(HERE, "frames", name), "rb") as picture:
                yield name, picture.read(), about


class Generator(unittest.TestCase):
    def test_a_seed_gives_one_frame(self):
        first, about = frames.draw(7)
        again, same = frames.draw(7)
        other, _ = frames.draw(8)
        self.assertTrue(np.array_equal(first, again))
        self.assertEqual(about, same)
        self.assertFalse(np.array_equal(first, other))

    def test_grade_follows_the_numbers(self):
        kind = {"height": 30, "tilt": 5, "blur": 0.3, "motion": 0, "noise": 2, "light": 1}
        self.assertEqual(frames.difficulty(kind), ("easy", 0))
        self.assertEqual(frames.difficulty({**kind, "height": 17, "noise": 5}), ("medium", 3))
        self.assertEqual(frames.difficulty({**kind, "height": 17, "noise": 9, "light": 0.4}), ("hard", 6))

    def test_truth_lies_in_the_frame(self):
        for name, _, about in stored():
            for plate in about["plates"]:
                self.assertRegex(plate["text"], r"^[A-HJ-NPR-Z]{2} \d{3} [A-HJ-NPR-Z]{2}$")
                for x, y in plate["quad"]:
                    self.assertTrue(0 < x < frames.WIDTH and 0 < y < frames.HEIGHT, name)


class Reading(unittest.TestCase):
    def test_committed_frames(self):
        right = total = wrong = empty = 0
        for name, data, about in stored():
            answer = ask(data)
            self.assertNotIn("error", answer, name)
            self.assertEqual((answer["width"], answer["height"]), (frames.WIDTH, frames.HEIGHT))
            json.dumps(answer)
            got, truth = {p["text"] for p in answer["plates"]}, {p["text"] for p in about["plates"]}
            right, total, wrong = right + len(got & truth), total + len(truth), wrong + len(got - truth)
            if not truth:
                empty += 1
                self.assertEqual(answer["plates"], [], name)
        print(f"{plates.READER.name}: {right} of {total} plates, {wrong} wrong", file=sys.stderr)
        self.assertGreaterEqual(empty, 1)
        self.assertGreaterEqual(right / total, FLOOR[plates.READER.name])
        self.assertLessEqual(wrong, 2)

    def test_box_lies_on_the_plate(self):
        _, data, about = next(item for item in stored() if item[2]["plates"])
        read = {p["text"]: p for p in ask(data)["plates"]}
        plate = about["plates"][0]
        box = np.float32(read[plate["text"]]["box"])
        self.assertGreater(plates.overlap(box, np.float32(plate["quad"])), 0.4)
        self.assertTrue(0 < read[plate["text"]]["confidence"] <= 1)

    def test_crop_and_blacklist(self):
        _, data, about = next(item for item in stored() if item[2]["plates"])
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        plate = about["plates"][0]
        part, _ = measure.crop(image, plate, about["plates"])
        png = cv2.imencode(".png", part)[1].tobytes()
        answer = ask(png, blacklist=[plate["text"].replace(" ", "").lower(), "ZZ 000 ZZ"])
        self.assertIn(plate["text"], [p["text"] for p in answer["plates"]])
        self.assertEqual(answer["blacklisted"], [plate["text"]])

    def test_plain_grey_has_no_plate(self):
        self.assertEqual(ask(frames.jpeg(np.full((300, 400, 3), 127, np.uint8)))["plates"], [])


class Refusals(unittest.TestCase):
    def refused(self, answer, cause):
        self.assertEqual(list(answer), ["error"])
        self.assertIn(cause, answer["error"])

    def test_causes(self):
        self.refused(plates.main({}), "no picture")
        self.refused(plates.main(None), "no picture")
        self.refused(plates.main({"image": 7}), "no picture")
        self.refused(plates.main({"image": "%%%"}), "not base64")
        self.refused(ask(b"hello"), "neither a JPEG nor a PNG")
        self.refused(ask(b""), "no picture")
        good = frames.jpeg(np.zeros((40, 40, 3), np.uint8))
        self.refused(ask(good[:20]), "JPEG")
        self.refused(ask(frames.jpeg(np.zeros((4, 4, 3), np.uint8))), "too small")
        self.refused(ask(good, blacklist="AB 123 CD"), "blacklist")

    def test_a_huge_picture_is_not_unpacked(self):
        head = b"IHDR" + struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
        png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
        self.refused(ask(png), "too large")


if __name__ == "__main__":
    unittest.main()
