#!/usr/bin/env python3
"""Draws street frames with number plates, and writes down the truth beside them.

    python3 frames.py --seeds 1-12 --out frames/

The same seed gives the same frame.  What makes a plate hard to read is put down
in numbers: see LEVELS and difficulty().
"""

import argparse
import json
import os

import cv2
import numpy as np

from cars import Camera, Car, blend, lay
from scenery import draw_street
from typeface import plate_picture, plate_text

WIDTH, HEIGHT, FINE = 1280, 720, 2  # drawn at FINE times the size, then shrunk

# A plate gathers a point for each value past the first bound, two past the second.
LEVELS = {
    "height": (-24, -18),      # pixels of the plate's height (less is harder)
    "tilt": (12, 25),          # degrees the plate is turned from the camera's axis
    "blur": (0.5, 0.9),        # pixels, sigma of the defocus
    "motion": (1.2, 2.4),      # pixels, length of the sideways smear
    "noise": (4, 8),           # grey levels, sigma of the sensor's noise
    "light": (-0.75, -0.45),   # exposure, 1 is broad day (less is harder)
}
GRADES = ((2, "easy"), (5, "medium"), (99, "hard"))  # at most so many points


def difficulty(values):
    points = 0
    for name, bounds in LEVELS.items():
        value = -values[name] if bounds[0] < 0 else values[name]
        points += sum(value > bound for bound in bounds)
    return next(grade for most, grade in GRADES if points <= most), points


def conditions(rng):
    dusk = rng.random() < 0.35
    return {
        "light": round(float(rng.uniform(0.35, 0.6) if dusk else rng.uniform(0.65, 1.05)), 3),
        "noise": round(float(rng.uniform(3, 8.5) if dusk else rng.uniform(1.5, 6)), 2),
        "blur": round(float(rng.uniform(0.3, 1.1)), 2),
        "motion": round(float(rng.uniform(0, 3.2)) if rng.random() < 0.5 else 0.0, 2),
        "dusk": dusk,
    }


def park(rng, camera, half, wanted):
    """Finds places for the cars so that none hides another's plate."""
    cars = []
    for _ in range(wanted * 30):
        if len(cars) == wanted:
            break
        pixels = rng.uniform(15, 42) if rng.random() < 0.6 else rng.uniform(16, 26)
        z = camera.focal * 0.11 / (pixels * FINE)
        yaw = np.radians(float(np.clip(rng.normal(0, 16), -38, 38)))
        x = rng.uniform(-0.42, 0.42) * camera.width * z / camera.focal
        if abs(x) > half - 0.6:
            continue
        car = Car(rng, camera, x, z, yaw, plate_text(rng))
        plate, box = car.plate_quad(), car.outline()
        seen = (plate > 24).all() and (plate < (camera.width - 24, camera.height - 24)).all()
        if seen and not any(clash(box, plate, other) for other in cars):
            cars.append(car)
    return sorted(cars, key=lambda car: -car.z)


def clash(box, plate, other):
    """True if either car's box covers the other's plate, or they stand in one another."""
    far = other.plate_quad()

    def meets(a, b):
        return (a.min(0) < b.max(0) + 8).all() and (b.min(0) < a.max(0) + 8).all()

    return meets(box, far) or meets(other.outline(), plate)


def sensor(rng, image, scene):
    """What the air, the lens and the chip do to the picture."""
    light = scene["light"]
    tint = np.array([1.06, 0.98, 0.94]) if scene["dusk"] else np.array([1, 1, 1])
    image = image.astype(np.float32) * (light * tint).astype(np.float32)
    image = cv2.GaussianBlur(image, (0, 0), scene["blur"])
    if scene["motion"] > 0.3:
        length = scene["motion"]
        kernel = np.clip(length / 2 + 0.5 - np.abs(np.arange(-4, 5)), 0, 1)
        image = cv2.filter2D(image, -1, (kernel / kernel.sum())[None].astype(np.float32))
    image += rng.normal(0, scene["noise"], image.shape).astype(np.float32)
    return np.clip(image, 0, 255).astype(np.uint8)


def draw(seed):
    """Returns one frame (BGR) and its truth."""
    rng = np.random.default_rng(seed)
    scene = conditions(rng)
    focal, above, horizon = rng.uniform(1050, 1300) * FINE, rng.uniform(1.5, 2.4), rng.uniform(0.3, 0.42)
    camera = Camera(WIDTH * FINE, HEIGHT * FINE, focal, above, horizon)
    image, half = draw_street(rng, camera)
    wanted = int(rng.choice(5, p=[0.18, 0.3, 0.28, 0.16, 0.08]))
    plates = []
    for car in park(rng, camera, half, wanted):
        car.draw(image)
        quad = car.plate_quad()
        lay(image, plate_picture(car.text, rng), quad)
        if rng.random() < 0.3:  # a shadow falls over part of the plate
            cut = rng.uniform(0.2, 0.7)
            top, low = quad[0] + (quad[1] - quad[0]) * cut, quad[3] + (quad[2] - quad[3]) * (cut + 0.1)
            blend(image, [quad[0], top, low, quad[3]], (25, 25, 25), rng.uniform(0.15, 0.4))
        if scene["dusk"]:
            glow(image, car)
        plates.append(describe(car, quad / FINE, scene))
    image = cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    image = sensor(rng, image, scene)
    return image, {"plates": plates, "conditions": scene}


def glow(image, car):
    colour = (215, 235, 245) if car.front else (60, 60, 235)
    for side in (-1, 1):
        x, y = side * car.wide * 0.82, 0.62 if car.front else 0.73
        soft = max(1, int(car.camera.focal / car.z * 0.05))
        blend(image, car.face(x - 0.14, y - 0.08, x + 0.14, y + 0.08), colour, 0.8, soft)


def describe(car, quad, scene):
    sight = np.degrees(np.arctan2(car.x, car.z))
    values = {
        "height": round(float((np.linalg.norm(quad[3] - quad[0]) + np.linalg.norm(quad[2] - quad[1])) / 2), 1),
        "tilt": round(float(abs(np.degrees(car.yaw) - sight)), 1),
        **{name: scene[name] for name in ("blur", "motion", "noise", "light")},
    }
    grade, points = difficulty(values)
    box = np.clip(car.outline() / FINE, 0, (WIDTH, HEIGHT))
    return {
        "text": car.text,
        "quad": [[round(float(x), 1), round(float(y), 1)] for x, y in quad],
        "width": round(float(np.linalg.norm(quad[1] - quad[0])), 1),
        "height": values["height"],
        "tilt": values["tilt"],
        "difficulty": grade,
        "points": points,
        "car": [int(v) for v in (*box.min(0), *box.max(0))],
    }


def seeds(text):
    """"1-12,20" to the numbers it names."""
    out = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        out.extend(range(int(first), int(last or first) + 1))
    return out


def jpeg(image, quality=85):
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seeds", default="1-12")
    parser.add_argument("--out", default="frames")
    parser.add_argument("--quality", type=int, default=85)
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    truth = {}
    for seed in seeds(args.seeds):
        image, about = draw(seed)
        name = f"{seed:04d}.jpg"
        with open(os.path.join(args.out, name), "wb") as file:
            file.write(jpeg(image, args.quality))
        truth[name] = {"seed": seed, **about}
    with open(os.path.join(args.out, "truth.json"), "w", encoding="ascii") as file:
        json.dump(truth, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
