"""The invented number plates: their format, their stroke typeface, their look.

A plate reads ``AB 123 CD``: two letters, three digits, two letters.  As on many
real plates the letters I, O and Q are never issued, since they pass for 1 and 0.
The glyphs are drawn from the table below, so no font of the machine is used.
"""

import cv2
import numpy as np

LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
DIGITS = "0123456789"
WIDTH_MM, HEIGHT_MM = 520, 110  # the size of the common European plate
PX_PER_MM = 2

# Centre lines on a grid 6 wide and 10 high, y downwards.  Strokes are split by
# "|", a corner marked * is rounded (letter: by how much), "z" closes the stroke.
GLYPHS = {
    "0": "0,0* 6,0* 6,10* 0,10* z",
    "1": "1,2.6 3.6,0 3.6,10",
    "2": "0,2.6 0,0* 6,0* 6,4.2* 0,10 6,10",
    "3": "0,0 6,0 3,4 6,4* 6,10* 0,10* 0,7.8",
    "4": "4.4,10 4.4,0 0,7.2 6,7.2",
    "5": "5.6,0 0.6,0 0.3,4.6 2,3.8* 6,3.8* 6,10* 0,10* 0,8",
    "6": "4.6,0 0,6* 0,10* 6,10* 6,4.4* 1.4,4.4*",
    "7": "0,0 6,0 2,10",
    "8": "0.3,0* 5.7,0* 5.7,4.7* 0.3,4.7* z|0,4.7* 6,4.7* 6,10* 0,10* z",
    "9": "1.4,10 6,4* 6,0* 0,0* 0,5.6* 4.6,5.6*",
    "A": "0,10 3,0 6,10|1,7 5,7",
    "B": "0,4.8 0,0 5.6,0* 5.6,4.8* 0,4.8 0,10 6,10* 6,4.8* 3,4.8",
    "C": "6,2.6 6,0* 0,0* 0,10* 6,10* 6,7.4",
    "D": "0,0 6,0* 6,10* 0,10 z",
    "E": "5.6,0 0,0 0,10 5.6,10|0,4.8 4.8,4.8",
    "F": "5.6,0 0,0 0,10|0,4.8 4.8,4.8",
    "G": "6,2.6 6,0* 0,0* 0,10* 6,10* 6,5.4 3.4,5.4",
    "H": "0,0 0,10|6,0 6,10|0,4.8 6,4.8",
    "J": "5,0 5,10* 0,10* 0,7.4",
    "K": "0,0 0,10|5.8,0 0,6.2|2.2,4.4 6,10",
    "L": "0,0 0,10 5.6,10",
    "M": "0,10 0,0 3,6 6,0 6,10",
    "N": "0,10 0,0 6,10 6,0",
    "P": "0,10 0,0 6,0* 6,5.4* 0,5.4",
    "R": "0,10 0,0 6,0* 6,5.2* 0,5.2|3,5.2 6,10",
    "S": "6,2.4 6,0* 0,0* 0,4.8* 6,4.8* 6,10* 0,10* 0,7.6",
    "T": "0,0 6,0|3,0 3,10",
    "U": "0,0 0,10* 6,10* 6,0",
    "V": "0,0 3,10 6,0",
    "W": "0,0 1.5,10 3,3.4 4.5,10 6,0",
    "X": "0,0 6,10|6,0 0,10",
    "Y": "0,0 3,5 6,0|3,5 3,10",
    "Z": "0,0 6,0 0,10 6,10",
}


def rounded(points, marks, closed):
    """Replaces each marked corner of a poly-line by a quadratic curve."""
    out, count = [], len(points)
    for i, point in enumerate(points):
        inner = closed or 0 < i < count - 1
        if not (marks[i] and inner):
            out.append(point)
            continue
        before, after = points[i - 1], points[(i + 1) % count]
        ends = []
        for other in (before, after):
            reach = np.linalg.norm(other - point)
            ends.append(point + (other - point) * min(0.5, 2.6 / reach))
        for t in np.linspace(0, 1, 9):
            out.append((1 - t) ** 2 * ends[0] + 2 * t * (1 - t) * point + t * t * ends[1])
    return np.array(out)


def strokes(char):
    for text in GLYPHS[char].split("|"):
        words = text.split()
        closed = words[-1] == "z"
        words = words[:-1] if closed else words
        points = np.array([[float(v) for v in w.rstrip("*").split(",")] for w in words])
        yield rounded(points, [w.endswith("*") for w in words], closed), closed


def draw_glyph(image, char, x, y, width, height, colour, thick):
    for points, closed in strokes(char):
        at = points * (width / 6, height / 10) + (x, y)
        fixed = np.round(at * 16).astype(np.int32)
        cv2.polylines(image, [fixed], closed, colour, thick, cv2.LINE_AA, 4)


def plate_text(rng):
    def pick(letters, n):
        return "".join(letters[int(rng.integers(len(letters)))] for _ in range(n))

    return f"{pick(LETTERS, 2)} {pick(DIGITS, 3)} {pick(LETTERS, 2)}"


def plate_picture(text, rng):
    """A flat plate, BGR, PX_PER_MM pixels to the millimetre."""
    s = PX_PER_MM
    paper = (np.array([70, 200, 240]) if rng.random() < 0.2 else np.array([238, 240, 240]))
    paper = np.clip(paper - rng.integers(0, 30), 0, 255)
    image = np.full((HEIGHT_MM * s, WIDTH_MM * s, 3), paper, np.uint8)
    ink = tuple(int(v) for v in rng.integers(15, 50, 3))
    left = 14
    if rng.random() < 0.7:  # the blue strip with the country's mark
        left = 54
        image[:, : 42 * s] = (150, 70, 20)
        cv2.circle(image, (21 * s, 34 * s), 12 * s, (60, 210, 240), 2 * s, cv2.LINE_AA)
        draw_glyph(image, "W", 13 * s, 66 * s, 16 * s, 24 * s, (240, 240, 240), 4 * s)
    advance, gap, high = 59, 20, 76
    run = 7 * advance + 2 * gap - 15
    x = left + (WIDTH_MM - left - 10 - run) / 2
    for char in text:
        if char == " ":
            x += gap
            continue
        width = {"1": 34, "J": 34, "W": 49}.get(char, 43)
        draw_glyph(image, char, (x + (43 - width) / 2) * s, 17 * s, width * s, high * s, ink, 11 * s)
        x += advance
    cv2.rectangle(image, (2 * s, 2 * s), ((WIDTH_MM - 3) * s, (HEIGHT_MM - 3) * s), ink, 2 * s)
    for bolt in (left + 4, WIDTH_MM - 12):
        if rng.random() < 0.4:
            cv2.circle(image, (int(bolt * s), 55 * s), 4 * s, (120, 120, 120), -1, cv2.LINE_AA)
    return soiled(image, rng)


def soiled(image, rng):
    """Lays a little uneven dirt over the plate, never enough to hide a glyph."""
    patch = rng.random((4, 12)).astype(np.float32)
    patch = cv2.resize(patch, image.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    amount = (patch * rng.uniform(0.0, 0.3))[..., None].clip(0, 1)
    mud = np.array([70, 85, 95], np.float32)
    return (image * (1 - amount) + mud * amount).astype(np.uint8)
