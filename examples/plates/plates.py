"""Reads the number plates in a picture: an OpenWhisk Python action in one file.

    {"image": "<base64 of a JPEG or PNG>", "blacklist": ["AB 123 CD", ...]}
gives
    {"plates": [{"text", "box": [[x, y] * 4], "confidence"}], "width", "height",
     "engine", "blacklisted": [...]}   or   {"error": "what is wrong"}

OpenCV looks for what may be a plate and straightens it; only then a recogniser
of characters reads it: PP-OCR's, from the rapidocr package, or Tesseract's.
"""

import base64
import binascii
import ctypes
import glob
import importlib.util
import os
import re
import struct

import cv2
import numpy as np

FORMAT = "LL DDD LL"  # L a letter, D a digit
ISSUED = {"L": "ABCDEFGHJKLMNPRSTUVWXYZ", "D": "0123456789"}  # no I, O or Q
MAX_PIXELS = 40_000_000
MAX_SIDE = 1600  # larger pictures are shrunk to this
CANDIDATES = 14
SCAN_PIXELS = 400_000  # larger pictures are shrunk for the search, not for the reading
THREADS = 2
# What a recogniser may say for a character that belongs to the other class.
ALIKE = {"0": "OQD", "1": "IL", "2": "Z", "4": "A", "5": "S", "6": "G", "7": "T", "8": "B",
         "A": "4", "B": "8", "D": "0OQ", "G": "6", "J": "I", "L": "1", "S": "5", "T": "7", "U": "0", "Z": "2"}

cv2.setNumThreads(THREADS)


# --- where plates may be -----------------------------------------------------

def bright_quads(grey):
    """Light four-cornered patches on darker ground, the shape of a plate."""
    for block, offset in ((15, -3), (31, -6)):
        yield from patches_of(cv2.adaptiveThreshold(
            grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, block, offset), 0.18)


def texture_blobs(grey):
    """Places dense in upright edges, as a row of characters is."""
    edges = np.abs(cv2.Scharr(cv2.GaussianBlur(grey, (3, 3), 0), cv2.CV_32F, 1, 0))
    edges = np.minimum(edges * (255 / 900), 255).astype(np.uint8)
    for wide in (13, 25):
        dense = cv2.morphologyEx(cv2.GaussianBlur(edges, (5, 3), 0), cv2.MORPH_CLOSE, np.ones((3, wide), np.uint8))
        mask = cv2.threshold(dense, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[1]
        yield from patches_of(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((5, wide), np.uint8)), 0.24)


def patches_of(mask, full):
    """The slanted boxes of a mask's connected parts of about a plate's shape, filled to `full` at least."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4, ltype=cv2.CV_32S)
    w, h, area = (stats[:, i].astype(float) for i in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA))
    for index in np.nonzero((w >= 28) & (h >= 6) & (w > 1.6 * h) & (w < 9 * h) & (area > full * w * h))[0]:
        x, y = stats[index, cv2.CC_STAT_LEFT], stats[index, cv2.CC_STAT_TOP]
        part = labels[y:y + int(h[index]), x:x + int(w[index])] == index
        down = part.argmax(0)
        up = part.shape[0] - part[::-1].argmax(0)
        across = np.arange(part.shape[1])
        quad = slanted(np.concatenate([across, across]), np.concatenate([down, up]))
        if quad is not None:
            yield quad + np.float32([x, y])


SLOPES = np.linspace(-0.5, 0.5, 41)[:, None]


def slanted(x, y):
    """The parallelogram with upright sides around points: how a plate looks from aside."""
    off = y - SLOPES * x
    top, low = off.min(1), off.max(1)
    at = int((low - top).argmin())
    left, right, slope, top, low = x.min(), x.max() + 1, SLOPES[at, 0], top[at], low[at]
    if low - top < 5.5 or not 2.2 < (right - left) / (low - top) < 7.5:
        return None
    return np.float32([(left, slope * left + top), (right, slope * right + top),
                       (right, slope * right + low), (left, slope * left + low)])


def straighten(image, quad, high=48, side=0.04, rim=0.08):
    """The quad's picture, upright, with a small margin."""
    along, down = quad[1] - quad[0], quad[3] - quad[0]
    quad = quad + np.float32([-along * side - down * rim, along * side - down * rim,
                              along * side + down * rim, -along * side + down * rim])
    aspect = float(np.clip(np.linalg.norm(along) / np.linalg.norm(down), 2.8, 5.6))
    wide = int(round(high * aspect / 8)) * 8
    to = np.float32([(0, 0), (wide, 0), (wide, high), (0, high)])
    return cv2.warpPerspective(image, cv2.getPerspectiveTransform(quad.astype(np.float32), to), (wide, high),
                               flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def stretch(picture, low, high):
    """Spreads the greys between two percentiles over the whole range."""
    dark, light = np.percentile(picture, (low, high))
    return np.clip((picture.astype(np.float32) - dark) * (255 / max(light - dark, 1e-3)), 0, 255).astype(np.uint8)


def promise(grey, quad):
    """How much a quad looks like a plate before anything is read: 0 is not at all."""
    patch = straighten(grey, quad, 24, 0, 0).astype(np.float32)
    low, high = np.percentile(patch, (10, 85))
    if high - low < 12:
        return 0.0
    dark = patch[6:19] < (low + high) / 2
    flips = float(np.median((dark[:, 1:] != dark[:, :-1]).sum(1)))
    if not 8 <= flips <= 34:
        return 0.0
    return float((high - low) / (high + 20)) * min(1.0, flips / 14)


def overlap(a, b):
    (ax, ay), (bx, by) = a.min(0), b.min(0)
    (aw, ah), (bw, bh) = a.max(0) - a.min(0), b.max(0) - b.min(0)
    w = min(ax + aw, bx + bw) - max(ax, bx)
    h = min(ay + ah, by + bh) - max(ay, by)
    return 0.0 if w <= 0 or h <= 0 else float(w * h / (aw * ah + bw * bh - w * h))


def candidates(grey):
    """The most promising quads of a picture, searched at two sizes."""
    even = cv2.createCLAHE(2.0, (8, 8)).apply(grey)
    found = []
    first = 1.0 if grey.size < SCAN_PIXELS else 0.7
    for scale in (first, first / 2):
        small = even if scale == 1 else cv2.resize(even, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        if min(small.shape) < 12:
            break
        for quad in (*bright_quads(small), *texture_blobs(small)):
            quad = quad / scale
            score = promise(grey, quad)
            if score > 0:
                found.append((score, quad))
    found.sort(key=lambda pair: -pair[0])
    kept = []
    for _, quad in found:
        if all(overlap(quad, other) < 0.7 for other in kept):
            kept.append(quad)
    return kept


# --- recognisers -------------------------------------------------------------
# Each one's attempts(image, quad) yields readings, the best way first; a reading is
# the characters from left to right, each as a dictionary {character: probability}.

class PaddleReader:
    """PP-OCR's recognition network out of the rapidocr package, run by onnxruntime."""

    name = "rapidocr"
    # Less sure than the first is no plate; as sure as the second needs no other attempt,
    # surer than the third no other outline.
    least, enough, settled = 0.75, 0.9, 0.97

    def __init__(self):
        # An action reports nothing to third parties; this must be set before the import.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import onnxruntime
        home = None
        for package in ("rapidocr", "rapidocr_onnxruntime"):
            spec = importlib.util.find_spec(package)
            if spec and spec.submodule_search_locations:
                models = os.path.join(spec.submodule_search_locations[0], "models", "*_rec_*.onnx")
                home = home or next(iter(sorted(glob.glob(models))), None)
        if not home:
            raise ImportError("the package rapidocr, with its models, is not installed")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
        options.log_severity_level = 4
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = onnxruntime.InferenceSession(home, options, providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name
        letters = self.session.get_modelmeta().custom_metadata_map["character"].splitlines()
        self.chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        # The network knows thousands of signs; keep blank (0) and ours, small letters folded in.
        self.upper = [letters.index(c) + 1 for c in self.chars]
        self.lower = [letters.index(c.lower()) + 1 for c in self.chars[:26]]
        self.kept = np.array([0] + self.upper)

    def attempts(self, image, quad):
        patch = straighten(image, quad)
        yield self.read(patch)
        grey = cv2.cvtColor(cv2.GaussianBlur(patch, (0, 0), 1.6), cv2.COLOR_BGR2GRAY)
        yield self.read(cv2.cvtColor(stretch(grey, 2, 98), cv2.COLOR_GRAY2BGR))

    def read(self, patch):
        x = (patch.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)[None]
        table = self.session.run(None, {self.input: np.ascontiguousarray(x)})[0][0]
        probs = table[:, self.kept]
        probs[:, 1:27] += table[:, self.lower]
        return self.collapse(probs)

    def collapse(self, probs):
        """CTC: joins the steps that say the same, drops the blanks."""
        best, chars, last = probs.argmax(1), [], 0
        for step, index in enumerate(best):
            if index and index != last:
                chars.append(probs[step, 1:])
            elif index and index == last:
                if probs[step, index] > chars[-1].max():
                    chars[-1] = probs[step, 1:]
            last = index
        return [{c: float(p) for c, p in zip(self.chars, row) if p > 0.002} for row in chars]


class TesseractReader:
    """Tesseract's line recogniser through libtesseract, whose handle stays loaded."""

    name = "tesseract"
    least, enough, settled = 0.66, 0.83, 0.92
    LINE, RAW_LINE, SYMBOL, LSTM = 7, 13, 4, 1

    def __init__(self):
        os.environ.setdefault("OMP_THREAD_LIMIT", "1")  # its threads cost more than they give here
        tune = getattr(ctypes.CDLL(None), "mallopt", None)
        for option in (-3, -1) if tune else ():  # glibc's M_MMAP_THRESHOLD, M_TRIM_THRESHOLD:
            tune(option, 1 << 25)  # freed memory is kept, as each reading asks for as much again
        lib = self.lib = ctypes.CDLL("libtesseract.so.5")
        handle, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
        for name, result, takes in (
                ("BaseAPICreate", handle, []), ("BaseAPIInit2", number, [handle, text, text, number]),
                ("BaseAPISetVariable", number, [handle, text, text]), ("BaseAPISetPageSegMode", None, [handle, number]),
                ("BaseAPISetImage", None, [handle, text, number, number, number, number]),
                ("BaseAPISetSourceResolution", None, [handle, number]), ("BaseAPIRecognize", number, [handle, handle]),
                ("BaseAPIGetIterator", handle, [handle]), ("ResultIteratorDelete", None, [handle]),
                ("ResultIteratorNext", number, [handle, number]), ("ResultIteratorGetUTF8Text", handle, [handle, number]),
                ("ResultIteratorConfidence", ctypes.c_float, [handle, number]), ("DeleteText", None, [handle])):
            function = getattr(lib, "Tess" + name)
            function.restype, function.argtypes = result, takes
        self.api = lib.TessBaseAPICreate()
        if lib.TessBaseAPIInit2(self.api, None, b"eng", self.LSTM):
            raise ImportError("Tesseract's English data is not installed")
        for key, value in ((b"tessedit_char_whitelist", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"),
                           (b"debug_file", b"/dev/null"), (b"load_system_dawg", b"0"), (b"load_freq_dawg", b"0")):
            lib.TessBaseAPISetVariable(self.api, key, value)

    def attempts(self, image, quad):
        patch = straighten(image, quad, 72, 0.05, 0.1)
        row = self.text_row(cv2.cvtColor(patch, cv2.COLOR_BGR2GRAY), self.strip_end(patch))
        if row is None:
            return
        for high, mode in ((32, self.LINE), (24, self.LINE), (40, self.LINE), (32, self.RAW_LINE)):
            scale = high / row.shape[0]
            sized = cv2.resize(row, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            yield self.read(cv2.copyMakeBorder(sized, 8, 8, 8, 8, cv2.BORDER_CONSTANT, value=255), mode)

    @staticmethod
    def strip_end(patch):
        """Where a blue strip at the left ends, in pixels; 0 without one."""
        high, wide = patch.shape[:2]
        blue, _, red = patch[high // 4:high - high // 4].astype(np.float32).transpose(2, 0, 1)
        blueness = np.median(blue - red, 0) / max(float(np.percentile(patch.max(2), 75)), 1)
        strip = (blueness > 0.12) & (blueness > np.median(blueness) + 0.25)
        return int(np.nonzero(strip[:wide * 3 // 10])[0].max(initial=-1)) + 1

    @staticmethod
    def text_row(grey, start=0):
        """Evens the light, and cuts out the row of characters, made level, without rim and strip."""
        high, wide = grey.shape
        paper = cv2.morphologyEx(grey.astype(np.float32), cv2.MORPH_CLOSE, np.ones((high // 3, high // 3)))
        even = grey / np.maximum(cv2.GaussianBlur(paper, (0, 0), high / 8), 1)
        even = stretch(even, 8, 80)
        # Blurred characters stick to each other and to the rim at one level of grey, not at another.
        sharp = cv2.addWeighted(even, 2.5, cv2.GaussianBlur(even, (0, 0), high / 14), -1.5, 0)
        rows = []
        for level in (50, 90, 130, 170):
            x, y, w, h, area = cv2.connectedComponentsWithStats(
                (sharp < level).astype(np.uint8), connectivity=4)[2][1:].T.astype(float)
            fits = (h > 0.35 * high) & (h < 0.9 * high) & (w < 2.2 * h) & (area > 0.1 * h * h)
            fits &= ((area < 0.8 * w * h) | (w < 0.3 * h)) & (x + w / 2 > start)
            rows.append(np.stack([x, x + w, y + h / 2, h])[:, fits])
        best = (0, None)
        for left, right, middle, tall in rows:
            if len(left) < 3:
                continue
            across = (left + right) / 2
            rise = (middle[:, None] - middle) / np.where(across[:, None] == across, np.inf, across[:, None] - across)
            for slope in (0.0, float(np.median(rise[np.triu_indices(len(left), 1)]))):
                if abs(slope) > 0.2:
                    continue
                off, size = np.median(middle - slope * across), np.median(tall)
                same = (np.abs(middle - slope * across - off) < 0.1 * size) & (np.abs(tall - size) < 0.2 * size)
                count = np.maximum(1, np.round((right - left)[same] / (0.75 * size))).sum()
                score = min(count, 7) + 0.1 * same.sum()
                if same.sum() >= 3 and count < 12 and score > best[0]:
                    best = (score, (slope, off, size))
        if best[0] < 5.6:  # under six characters
            return None
        slope, off, size = best[1]
        left, right, middle, tall = np.concatenate(rows, 1)
        same = (np.abs(middle - slope * (left + right) / 2 - off) < 0.15 * size) & (np.abs(tall - size) < 0.25 * size)
        # No end is thin: the letter I is not issued, and what looks like it is the rim.
        same &= right - left > 0.2 * size
        if not same.any():
            return None
        left, right = max(0, start, int(left[same].min()) - 2), min(wide, int(right[same].max()) + 2)
        top = off - size / 2 - 2
        level = np.float32([[1, 0, left], [slope, 1, top + slope * left]])
        row = cv2.warpAffine(even, level, (right - left, int(np.ceil(size)) + 4),
                             flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)
        return stretch(row, 5, 80)

    def read(self, grey, mode):
        grey = np.ascontiguousarray(grey)
        self.lib.TessBaseAPISetPageSegMode(self.api, mode)
        high, wide = grey.shape
        self.lib.TessBaseAPISetImage(self.api, grey.tobytes(), wide, high, 1, wide)
        self.lib.TessBaseAPISetSourceResolution(self.api, 300)
        if self.lib.TessBaseAPIRecognize(self.api, None):
            return []
        chars, turn = [], self.lib.TessBaseAPIGetIterator(self.api)
        while turn:
            raw = self.lib.TessResultIteratorGetUTF8Text(turn, self.SYMBOL)
            if raw:
                char = ctypes.string_at(raw).decode("utf-8", "replace").strip()
                self.lib.TessDeleteText(raw)
                if char:
                    chars.append({char: self.lib.TessResultIteratorConfidence(turn, self.SYMBOL) / 100})
            if not self.lib.TessResultIteratorNext(turn, self.SYMBOL):
                break
        if turn:
            self.lib.TessResultIteratorDelete(turn)
        return chars


# --- from characters to a plate ----------------------------------------------

CLASSES = FORMAT.replace(" ", "")


def fit(chars):
    """The best plate in a row of characters: (text, confidence).

    Edges and the country's strip may add a character at either end, so that every
    stretch as long as a plate is tried; each place takes letters or digits only.
    """
    best = ("", 0.0)
    extra = len(chars) - len(CLASSES)
    for start in range(extra + 1):
        text, probs, repaired = "", [], 0
        for kind, seen in zip(CLASSES, chars[start:]):
            char, prob = choose(kind, seen)
            text += char
            probs.append(prob)
            repaired += char != max(seen, key=seen.get, default="")
        # One doubtful character spoils the plate: the weakest counts as much as the
        # mean.  A sign's words need many repairs or leave characters over.
        sure = 0.5 * min(probs) + 0.5 * sum(probs) / len(probs) - 0.12 * repaired - 0.14 * extra
        if sure > best[1]:
            best = (text, sure)
    text = iter(best[0])
    return "".join(next(text, "") if c != " " else " " for c in FORMAT), best[1]


def choose(kind, seen):
    """The likeliest character of a class, where look-alikes of the other speak for it."""
    def weight(char):
        return seen.get(char, 0.0) + sum(seen.get(other, 0.0) for other in ALIKE.get(char, ""))

    return max(((c, min(1.0, weight(c))) for c in ISSUED[kind]), key=lambda pair: pair[1])


# --- the action --------------------------------------------------------------

def read_quad(image, quad, reader):
    """The plate most of the reader's attempts speak for; what looks like words is tried but once."""
    best, said = ("", 0.0), {}
    for chars in reader.attempts(image, quad):
        text, sure = fit(chars)
        said.setdefault(text, []).append(sure)
        text = max(said, key=lambda one: sum(said[one]))
        best = (text, max(said[text]))
        digits = sum(max(seen, key=seen.get, default="").isdigit() for seen in chars)
        if best[1] >= reader.enough or len(chars) < len(CLASSES) - 2 or not digits:
            break
    return best


def find_plates(image, reader):
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    read = []
    for quad in candidates(grey)[:CANDIDATES]:
        if any(sure > reader.settled and overlap(quad, other) > 0.3 for sure, _, other in read):
            continue  # another outline of a plate that is read already
        text, sure = read_quad(image, quad, reader)
        if sure >= reader.least:
            read.append((sure, text, quad))
    read.sort(key=lambda item: -item[0])
    plates = []
    for sure, text, quad in read:
        if all(overlap(quad, other["quad"]) < 0.15 and text != other["text"] for other in plates):
            plates.append({"text": text, "quad": quad, "confidence": round(float(sure), 3)})
    return plates


def decode(args):
    """The picture of the arguments, or ValueError saying what is wrong with it."""
    text = args.get("image") if isinstance(args, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise ValueError('no picture: pass "image" as base64 of a JPEG or PNG')
    text = re.sub(r"^data:[^,]*,", "", text.strip())
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError('"image" is not base64') from None
    size = dimensions(data)
    if size is None:
        raise ValueError('"image" is neither a JPEG nor a PNG')
    if size[0] * size[1] > MAX_PIXELS:
        raise ValueError(f'"image" is too large: {size[0]} x {size[1]} pixels, at most {MAX_PIXELS} are read')
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError('"image" is damaged: its pixels cannot be decoded')
    if min(image.shape[:2]) < 12:
        raise ValueError(f'"image" is too small: {size[0]} x {size[1]} pixels')
    return image


def dimensions(data):
    """Width and height out of a JPEG's or PNG's header, before any pixel is unpacked."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) >= 24:
        return struct.unpack(">II", data[16:24])
    if data[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 < len(data):
        if data[at] != 0xFF:
            return None
        mark = data[at + 1]
        if mark == 0xFF:
            at += 1
        elif 0xC0 <= mark <= 0xCF and mark not in (0xC4, 0xC8, 0xCC):
            high, wide = struct.unpack(">HH", data[at + 5:at + 9])
            return wide, high
        else:
            at += 2 + struct.unpack(">H", data[at + 2:at + 4])[0]
    return None


def squeeze(text):
    return re.sub(r"[^A-Z0-9]", "", str(text).upper())


def pick_reader():
    wanted = os.environ.get("PLATES_ENGINE", "")
    readers = [r for r in (PaddleReader, TesseractReader) if wanted in ("", r.name)]
    reasons = []
    for reader in readers:
        try:
            return reader(), ""
        except Exception as error:  # whatever is missing: the next may be there
            reasons.append(f"{reader.name}: {error}")
    return None, "no engine: " + ("; ".join(reasons) or f"PLATES_ENGINE={wanted} is unknown")


READER, WHY = pick_reader()


def main(args):
    if READER is None:
        return {"error": WHY}
    try:
        image = decode(args)
    except ValueError as error:
        return {"error": str(error)}
    blacklist = args.get("blacklist")
    if blacklist is not None and not isinstance(blacklist, list):
        return {"error": '"blacklist" is not a list of plates'}
    high, wide = image.shape[:2]
    scale = min(1.0, MAX_SIDE / max(high, wide))
    small = image if scale == 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    try:
        plates = find_plates(small, READER)
    except Exception as error:  # a caller gets an answer, whatever happened
        return {"error": f"reading failed: {type(error).__name__}: {error}"}
    for plate in plates:
        plate["box"] = [[round(float(x) / scale, 1), round(float(y) / scale, 1)] for x, y in plate.pop("quad")]
    answer = {"plates": plates, "width": wide, "height": high, "engine": READER.name}
    if blacklist is not None:
        black = {squeeze(text) for text in blacklist}
        answer["blacklisted"] = [p["text"] for p in plates if squeeze(p["text"]) in black]
    return answer
