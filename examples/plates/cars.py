"""A pinhole camera over a flat street, and low-poly cars drawn through it.

World: X to the right, Y up, Z away from the camera, all in metres.
"""

import cv2
import numpy as np

PAINTS = [(60, 60, 64), (205, 205, 205), (150, 150, 155), (35, 35, 160), (140, 80, 30),
          (60, 95, 50), (40, 130, 190), (110, 120, 60), (25, 25, 28), (170, 160, 140)]

# Profiles in (z, y): from the lower bumper over the roof to the far end.  Each
# point's third value is the half width there, as a part of the car's.
REAR = [(0.08, 0.32, 0.95), (0.0, 0.48, 1), (0.02, 0.72, 1), (0.14, 0.94, 0.98),
        (0.52, 1.40, 0.78), (2.3, 1.46, 0.78), (3.1, 0.97, 0.96), (4.2, 0.74, 0.93), (4.3, 0.4, 0.93)]
FRONT = [(0.08, 0.28, 0.93), (0.0, 0.42, 0.97), (0.03, 0.66, 0.97), (0.2, 0.76, 0.96),
         (1.15, 0.97, 0.96), (1.95, 1.43, 0.78), (3.5, 1.42, 0.78), (4.2, 0.95, 0.95), (4.3, 0.4, 0.93)]


class Camera:
    def __init__(self, width, height, focal, above, horizon):
        self.width, self.height, self.focal, self.above = width, height, focal, above
        pitch = np.arctan2(height * (0.5 - horizon), focal)
        self.turn = np.array([[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)],
                              [0, -np.sin(pitch), np.cos(pitch)]])

    def project(self, points):
        p = (np.asarray(points, float) - (0, self.above, 0)) @ self.turn.T
        z = np.maximum(p[:, 2], 0.05)
        return np.stack([self.width / 2 + self.focal * p[:, 0] / z,
                         self.height / 2 - self.focal * p[:, 1] / z], 1)


def fill(image, points, colour):
    cv2.fillPoly(image, [np.round(np.asarray(points) * 16).astype(np.int32)],
                 tuple(int(np.clip(c, 0, 255)) for c in colour), cv2.LINE_AA, 4)


def blend(image, points, colour, opacity, soft=0):
    """Fills a polygon half-transparently within its own bounding box."""
    points = np.asarray(points)
    low = np.maximum(points.min(0).astype(int) - 3 * soft - 2, 0)
    high = np.minimum(points.max(0).astype(int) + 3 * soft + 2, image.shape[1::-1])
    if (high <= low).any():
        return
    part = image[low[1]:high[1], low[0]:high[0]]
    mask = np.zeros(part.shape[:2], np.uint8)
    fill(mask, points - low, (255,))
    if soft:
        mask = cv2.GaussianBlur(mask, (0, 0), soft)
    amount = (mask.astype(np.float32) * (opacity / 255))[..., None]
    part[:] = part * (1 - amount) + np.float32(colour) * amount


class Car:
    """A car whose near face stands at (x, z), turned by yaw (radians)."""

    def __init__(self, rng, camera, x, z, yaw, text):
        self.rng, self.camera, self.text = rng, camera, text
        self.x, self.z, self.yaw = x, z, yaw
        self.front = rng.random() < 0.4
        self.wide = rng.uniform(1.68, 1.84) / 2
        self.tall = rng.uniform(0.97, 1.12)
        self.paint = np.array(PAINTS[int(rng.integers(len(PAINTS)))], float) * rng.uniform(0.85, 1.1)
        low, high = ((0.40, 0.50) if self.front else (0.42, 0.76))
        self.plate_y = rng.uniform(low, high)
        self.roll = rng.normal(0, 0.012)

    def place(self, local):
        """Car coordinates (x, y, z) to pixels of the frame."""
        local = np.asarray(local, float)
        cos, sin = np.cos(self.yaw), np.sin(self.yaw)
        x = self.x + local[:, 0] * cos + local[:, 2] * sin
        z = self.z - local[:, 0] * sin + local[:, 2] * cos
        return self.camera.project(np.stack([x, local[:, 1], z], 1))

    def face(self, x0, y0, x1, y1, z=-0.01):
        return self.place([(x0, y1, z), (x1, y1, z), (x1, y0, z), (x0, y0, z)])

    def plate_quad(self):
        turn = np.array([[np.cos(self.roll), -np.sin(self.roll)], [np.sin(self.roll), np.cos(self.roll)]])
        flat = np.array([(-0.26, 0.055), (0.26, 0.055), (0.26, -0.055), (-0.26, -0.055)]) @ turn.T
        return self.place([(x, y + self.plate_y, -0.03) for x, y in flat])

    def outline(self):
        w = self.wide
        return self.place([(x, y, z) for x in (-w, w) for y in (0, 1.46 * self.tall) for z in (0, 4.3)])

    def draw(self, image):
        w, scale = self.wide, self.camera.focal / self.z
        shadow = self.place([(-w - 0.1, 0, -0.15), (w + 0.1, 0, -0.15), (w + 0.1, 0, 4.4), (-w - 0.1, 0, 4.4)])
        blend(image, shadow, (20, 20, 20), 0.65, max(1, int(scale * 0.06)))
        for x in (-w, w - 0.2):  # tyres, seen under the bumper
            fill(image, self.face(x, 0, x + 0.2, 0.45, 0.45), (18, 18, 18))
        profile = [(z, y * self.tall if y > 0.8 else y, part * w) for z, y, part in (FRONT if self.front else REAR)]
        self.sides(image, profile)
        for i in range(len(profile) - 1, 0, -1):
            self.strip(image, profile, i)
        self.details(image)

    def sides(self, image, profile):
        roof, belt = (5, 6) if self.front else (4, 5), (4, 7) if self.front else (3, 6)
        for side in (-1, 1):
            body = [p for i, p in enumerate(profile) if i <= belt[0] or i >= belt[1]]
            quad = self.place([(side * p[2], p[1], p[0]) for p in body])
            area = cv2.contourArea(quad.astype(np.float32), True) * side
            if area < 0:  # this flank looks away from the camera
                continue
            fill(image, quad, self.paint * 0.72)
            cabin = [profile[i] for i in (belt[0], *roof, belt[1])]
            at = self.place([(side * p[2], p[1], p[0]) for p in cabin])
            fill(image, at, self.paint * 0.7)
            fill(image, at.mean(0) + (at - at.mean(0)) * (0.86, 0.72), (48, 42, 38))
            for z in (0.85, 3.4):
                for size, colour in ((0.33, (20, 20, 20)), (0.2, (120, 120, 122))):
                    t = np.linspace(0, 2 * np.pi, 24)
                    ring = [(side * w, 0.33 + size * np.sin(a), z + size * np.cos(a)) for a in t for w in [self.wide]]
                    fill(image, self.place(ring), colour)

    def strip(self, image, profile, i):
        (z0, y0, w0), (z1, y1, w1) = profile[i - 1], profile[i]
        quad = self.place([(-w1, y1, z1), (w1, y1, z1), (w0, y0, z0), (-w0, y0, z0)])
        if cv2.contourArea(quad.astype(np.float32), True) < 0:
            return
        up = (z1 - z0) / np.hypot(z1 - z0, y1 - y0)
        fill(image, quad, self.paint * (0.78 + 0.3 * up))
        if i == (5 if self.front else 4):  # the windscreen or the rear window
            middle = quad.mean(0)
            glass = middle + (quad - middle) * (0.9, 0.82)
            fill(image, glass, (62, 54, 46))
            shine = [glass[0] * 0.75 + glass[1] * 0.25, glass[0] * 0.55 + glass[1] * 0.45,
                     glass[3] * 0.75 + glass[2] * 0.25, glass[3] * 0.95 + glass[2] * 0.05]
            blend(image, shine, (200, 195, 185), 0.25)

    def details(self, image):
        w = self.wide
        fill(image, self.face(-w * 0.97, 0.26, w * 0.97, 0.42 if self.front else 0.40), self.paint * 0.25)
        lamp = (225, 235, 235) if self.front else (40, 40, 190)
        low, high = (0.56, 0.68) if self.front else (0.62, 0.84)
        for side in (-1, 1):
            a, b = sorted((side * w * 0.97, side * w * 0.66))
            fill(image, self.face(a, low, b, high), lamp)
            fill(image, self.face(a + 0.05, low + 0.03, b - 0.05, high - 0.05), np.array(lamp) * 0.7 + 60)
        if self.front:  # the grille
            for y in np.arange(0.55, 0.68, 0.03):
                fill(image, self.face(-w * 0.6, y, w * 0.6, y + 0.014), (30, 30, 30))
        else:
            fill(image, self.face(-0.4, self.plate_y - 0.1, 0.4, self.plate_y + 0.1), self.paint * 0.62)
            fill(image, self.face(-w * 0.99, 0.425, w * 0.99, 0.435), self.paint * 0.4)
        fill(image, self.face(-0.275, self.plate_y - 0.07, 0.275, self.plate_y + 0.07, -0.02), (28, 28, 28))


def lay(image, picture, quad):
    """Lays a flat picture into a quad of the image, shrunk first so that it does not alias."""
    quad = np.asarray(quad, np.float32)
    wide = max(8, int(np.ceil(max(np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[2] - quad[3])))))
    high = max(4, int(np.ceil(max(np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[2] - quad[1])))))
    if wide < picture.shape[1]:
        picture = cv2.resize(picture, (wide, min(high, picture.shape[0])), interpolation=cv2.INTER_AREA)
    h, w = picture.shape[:2]
    low = np.maximum(np.floor(quad.min(0)).astype(int) - 1, 0)
    size = np.minimum(np.ceil(quad.max(0)).astype(int) + 2, image.shape[1::-1]) - low
    if (size <= 0).any():
        return
    corners = np.float32([(0, 0), (w, 0), (w, h), (0, h)])
    matrix = cv2.getPerspectiveTransform(corners, quad - low.astype(np.float32))
    box = (int(size[0]), int(size[1]))
    warped = cv2.warpPerspective(picture, matrix, box, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros((box[1], box[0]), np.uint8)
    fill(mask, quad - low, (255,))
    part = image[low[1]:low[1] + box[1], low[0]:low[0] + box[0]]
    amount = mask[..., None].astype(np.float32) / 255
    part[:] = part * (1 - amount) + warped * amount
