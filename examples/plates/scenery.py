"""The street without its cars: sky, houses, shops, signs, road, lamps, trees."""

import cv2
import numpy as np

from cars import blend, fill, lay

SHOPS = ["BAKERY", "PHARMACY", "HOTEL 24", "CAFE 1907", "BOOKS", "FLOWERS", "PIZZA 4 YOU", "OPTICIAN",
         "BARBER 55", "OPEN 24H", "SALE 50%", "BIKES", "TEA HOUSE", "SHOP 365", "LAUNDRY", "BAR 77 CO"]
BOARDS = ["PARKING 2H", "BUS 42", "NO 100 A", "EXIT 12", "TAXI", "AT 500 M", "TEL 555 0100", "HOUSE 128",
          "MON-SAT 8-18", "GATE 7", "TO LET", "A7 NORTH", "MAX 3.5 T", "ZONE 30", "LINE 104 B", "UP TO 20 KG"]
FONTS = [cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_COMPLEX]


def choose(rng, items):
    return items[int(rng.integers(len(items)))]


def board(rng, text, dark_on_light=None):
    """A sign with a border and one line of text."""
    font, thick = choose(rng, FONTS), int(rng.integers(3, 7))
    (w, h), _ = cv2.getTextSize(text, font, 2.4, thick)
    pad = int(rng.integers(20, 50))
    light = rng.random() < 0.6 if dark_on_light is None else dark_on_light
    paper = choose(rng, [(240, 240, 240), (225, 240, 245), (120, 215, 245)]) if light else \
        choose(rng, [(130, 60, 20), (40, 40, 150), (60, 90, 30), (40, 40, 40)])
    ink = choose(rng, [(20, 20, 20), (130, 50, 20), (30, 30, 140)]) if light else (240, 240, 240)
    image = np.full((h + 2 * pad, w + 2 * pad, 3), paper, np.uint8)
    cv2.putText(image, text, (pad, pad + h), font, 2.4, ink, thick, cv2.LINE_AA)
    cv2.rectangle(image, (4, 4), (w + 2 * pad - 5, h + 2 * pad - 5), ink, 4)
    return image


def facade(rng, length):
    """One side of the street, 50 pixels to the metre, 10 m high."""
    u, high = 50, 500
    image = np.zeros((high, int(length * u), 3), np.uint8)
    x = 0
    while x < image.shape[1]:
        wide = int(rng.uniform(6, 11) * u)
        tone = rng.uniform(90, 200) * np.array([rng.uniform(0.75, 1.0), rng.uniform(0.85, 1.0), 1.0])
        image[:, x:x + wide] = tone
        for top in (40, 180):
            for left in range(x + 30, x + wide - 70, int(rng.integers(90, 120))):
                glass = (150, 215, 240) if rng.random() < 0.12 else tuple(int(v) for v in rng.uniform(50, 95, 3))
                cv2.rectangle(image, (left - 5, top - 5), (left + 50, top + 95), tuple(tone * 1.25), -1)
                cv2.rectangle(image, (left, top), (left + 45, top + 88), glass, -1)
                cv2.line(image, (left + 22, top), (left + 22, top + 88), tuple(tone * 1.25), 3)
        shop_front(rng, image[:, x:x + wide], tone)
        cv2.line(image, (x, 0), (x, high), tuple(tone * 0.5), 3)
        x += wide
    return image


def shop_front(rng, image, tone):
    wide = image.shape[1]
    cv2.rectangle(image, (0, 315), (wide, 322), tuple(tone * 0.6), -1)
    if wide < 160:
        return
    cv2.rectangle(image, (25, 380), (wide - 95, 480), (70, 66, 60), -1)
    cv2.rectangle(image, (wide - 75, 372), (wide - 25, 500), tuple(tone * 0.45), -1)
    for left in range(25, wide - 100, 60):
        cv2.line(image, (left, 380), (left, 480), tuple(tone * 0.8), 4)
    if rng.random() < 0.8:
        sign = board(rng, choose(rng, SHOPS))
        w = min(wide - 60, int(sign.shape[1] * 38 / sign.shape[0]))
        image[328:366, 30:30 + w] = cv2.resize(sign, (w, 38), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        note = board(rng, choose(rng, BOARDS), True)
        w = int(note.shape[1] * 20 / note.shape[0])
        if w < wide - 160:
            image[425:445, 60:60 + w] = cv2.resize(note, (w, 20), interpolation=cv2.INTER_AREA)


def draw_street(rng, camera):
    image = np.zeros((camera.height, camera.width, 3), np.uint8)
    sky = np.linspace(0, 1, camera.height)[:, None]
    image[:] = (np.array([225, 195, 160]) * (1 - sky) + np.array([235, 230, 225]) * sky).astype(np.uint8)[:, None]
    half = rng.uniform(4.2, 5.4)
    walk, near, far = half + 2.6, 2.0, 70.0

    def ground(points):
        return camera.project([(x, 0, z) for x, z in points])

    end = board_end(rng)
    lay(image, end, camera.project([(-walk, 10, far), (walk, 10, far), (walk, 0, far), (-walk, 0, far)]))
    fill(image, ground([(-60, near), (60, near), (walk, far), (-walk, far)]), (150, 152, 155))
    tar = rng.uniform(85, 115)
    fill(image, ground([(-half, near), (half, near), (half, far), (-half, far)]), (tar + 4, tar, tar))
    for side in (-1, 1):
        fill(image, ground([(side * half, near), (side * (half + 0.15), near),
                            (side * (half + 0.15), far), (side * half, far)]), (185, 188, 190))
        wall(rng, image, camera, side * walk, far)
    shift = rng.uniform(0, 4)
    for z in np.arange(near + shift, 50, 4.5):
        fill(image, ground([(-0.07, z), (0.07, z), (0.07, z + 2), (-0.07, z + 2)]), (205, 208, 210))
    if rng.random() < 0.35:  # a zebra crossing
        z = rng.uniform(6, 12)
        for x in np.arange(-half + 0.3, half - 0.5, 1.0):
            fill(image, ground([(x, z), (x + 0.5, z), (x + 0.5, z + 2.4), (x, z + 2.4)]), (205, 208, 210))
    asphalt(rng, image, camera)
    for z in sorted(rng.uniform(7, 32, int(rng.integers(2, 6))), reverse=True):
        furniture(rng, image, camera, float(choose(rng, (-1, 1))) * (half + rng.uniform(0.4, 1.6)), z)
    return image, half


def board_end(rng):
    image = np.full((300, 400, 3), rng.uniform(120, 180), np.uint8)
    for x in range(20, 380, 45):
        for y in range(20, 240, 60):
            cv2.rectangle(image, (x, y), (x + 22, y + 36), (85, 80, 75), -1)
    return image


def wall(rng, image, camera, x, far):
    """A facade along the pavement, from the camera's side to the far end."""
    picture = facade(rng, far - 4)
    z0, z1 = (4, far) if x < 0 else (far, 4)  # what is near lies towards the frame's side
    lay(image, picture, camera.project([(x, 10, z0), (x, 10, z1), (x, 0, z1), (x, 0, z0)]))


def asphalt(rng, image, camera):
    """Mottles everything below the horizon a little: tar is not one flat grey."""
    grain = rng.normal(0, 1, (camera.height // 8, camera.width // 8)).astype(np.float32)
    grain = cv2.resize(grain, (camera.width, camera.height), interpolation=cv2.INTER_CUBIC)
    below = np.clip((np.arange(camera.height) / camera.height - 0.42) * 8, 0, 1)[:, None]
    image[:] = np.clip(image + (grain * below * 4)[..., None], 0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(1, 4))):
        x, z = rng.uniform(-3, 3), rng.uniform(5, 14)
        patch = [(x + dx + rng.uniform(-0.2, 0.2), 0, z + dz) for dx, dz in ((0, 0), (1.1, 0), (1.2, 2), (0.1, 2))]
        blend(image, camera.project(patch), (60, 60, 62), 0.35)


def furniture(rng, image, camera, x, z):
    """A post with a sign, a street lamp, or a tree, at a place of the pavement."""
    kind = rng.random()
    u = camera.focal / z

    def post(high, wide, colour):
        fill(image, camera.project([(x - wide, high, z), (x + wide, high, z), (x + wide, 0, z), (x - wide, 0, z)]), colour)

    if kind < 0.55:
        high = rng.uniform(1.9, 2.6)
        post(high, 0.035, (110, 112, 115))
        if rng.random() < 0.35:
            at = camera.project([(x, high, z)])[0]
            speed_sign(rng, image, at, 0.3 * u)
            high -= 0.5
        sign = board(rng, choose(rng, BOARDS + SHOPS))
        tall = rng.uniform(0.14, 0.3)
        half = min(0.7, tall * sign.shape[1] / sign.shape[0] / 2)
        lay(image, sign, camera.project([(x - half, high, z), (x + half, high, z),
                                         (x + half, high - tall, z), (x - half, high - tall, z)]))
    elif kind < 0.75:
        post(4.5, 0.05, (70, 72, 74))
        lamp = [(x - 0.3, 4.6, z), (x + 0.3, 4.6, z), (x + 0.2, 4.45, z), (x - 0.2, 4.45, z)]
        fill(image, camera.project(lamp), (190, 230, 245))
    else:
        post(2.2, 0.12, (45, 62, 80))
        for _ in range(40):
            at = camera.project([(x + rng.normal(0, 0.5), 2.9 + rng.normal(0, 0.45), z)])[0]
            green = rng.uniform(0.6, 1.1)
            cv2.circle(image, (int(at[0]), int(at[1])), max(2, int(u * rng.uniform(0.15, 0.32))),
                       (int(50 * green), int(105 * green), int(70 * green)), -1, cv2.LINE_AA)


def speed_sign(rng, image, at, radius):
    x, y, r = int(at[0]), int(at[1]), max(4, int(radius))
    cv2.circle(image, (x, y), r, (40, 40, 200), -1, cv2.LINE_AA)
    cv2.circle(image, (x, y), int(r * 0.78), (240, 240, 240), -1, cv2.LINE_AA)
    text, size = choose(rng, ["30", "50", "20"]), r / 30
    (w, h), _ = cv2.getTextSize(text, FONTS[0], size, max(1, r // 12))
    cv2.putText(image, text, (x - w // 2, y + h // 2), FONTS[0], size, (20, 20, 20), max(1, r // 12), cv2.LINE_AA)
