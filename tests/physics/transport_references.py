# SPDX-License-Identifier: BSD-3-Clause
"""Transport without chance: eigenvalues of slabs and spheres, fluxes of infinite media, attenuation, rays through nested cubes.

Lengths in cm and cross-sections in 1/cm, as in a case file. Slab and sphere: the integral equation with flat sources in equal
cells, whose matrix holds exponential integrals and nothing else (Lewis & Miller 1984, section 5.3), once more with half the
cells, and both extrapolated: the error falls with the square of the cells. r times the flux of a sphere solves the equation of
a slab as thick as the sphere, as an odd function, where scattering is isotropic (Davison 1957, section 6.1)."""
import numpy as np
from scipy.special import expn


class Material:
    """The cross-sections of a [[material]], with what is left out filled in."""

    def __init__(self, table):
        self.total = np.array(table["total_per_cm"], float)
        groups = len(self.total)
        self.scattering = np.array(table.get("scattering_per_cm", [0.0] * groups**2), float).reshape(groups, groups)
        self.absorption = np.array(table.get("absorption_per_cm", self.total - self.scattering.sum(1)), float)
        self.production = np.array(table.get("production_per_cm", [0.0] * groups), float)
        self.spectrum = np.array(table.get("fission_spectrum", [1.0] + [0.0] * (groups - 1)), float)
        self.mean_cosine = np.array(table.get("mean_cosine", [0.0] * groups), float)
        self.groups = groups


def infinite_flux(material, source):
    """Of every group, of a uniform source (group) [1/(cm³ s)] in an infinite medium that multiplies less than it loses."""
    gain = material.scattering.T + np.outer(material.spectrum, material.production)
    return np.linalg.solve(np.diag(material.total) - gain, source)


def k_infinite(material):
    """And the flux of every group that one neutron of fission in a cm³ brings forth."""
    flux = np.linalg.solve(np.diag(material.total) - material.scattering.T, material.spectrum)
    return material.production @ flux, flux


def kernel(order, cells, thickness, parity):
    """E_order between flat cells of a slab's right half, the left half folded in: parity of the source, ±1; in mean free paths.

    Order 2 comes with the sign of the distance."""
    h = thickness / cells

    def e(n, distance):
        return expn(n, h * distance)

    m = np.arange(1, 2 * cells)
    table = np.empty(2 * cells)
    table[1:] = e(order + 2, m - 1) - 2 * e(order + 2, m) + e(order + 2, m + 1)
    table[0] = 2 * (h * e(order + 1, 0) - e(order + 2, 0) + e(order + 2, 1))
    i, j = np.meshgrid(np.arange(cells), np.arange(cells), indexing="ij")
    direct, folded = table[abs(i - j)], table[i + j + 1]
    if order == 2:  # the folded source lies always to the left
        direct = direct * np.sign(i - j)
    return (direct + parity * folded) / (2 * h)


def k_of_cells(material, thickness, cells, parity):
    """The largest k of flux of this parity in a slab between -thickness and thickness.

    Unknowns are the flux and the current of every group; scattering is linear in the cosine: the source of a direction μ is
    (q0 + 3 μ q1)/2 with q1 the mean cosine times the scattered current. Within its group only."""
    groups, n = material.groups, cells
    anisotropic = bool(np.any(material.mean_cosine))
    size = groups * n * (2 if anisotropic else 1)
    keep, born = np.eye(size), np.zeros((size, size))

    def flux_at(g):
        return slice(g * n, (g + 1) * n)

    def current_at(g):
        return flux_at(groups + g)

    for g in range(groups):
        depth = thickness * material.total[g]
        even = kernel(1, n, depth, parity) / material.total[g]
        for h in range(groups):
            keep[flux_at(g), flux_at(h)] -= even * material.scattering[h, g]
            born[flux_at(g), flux_at(h)] = even * material.spectrum[g] * material.production[h]
        if anisotropic:
            if groups > 1:
                raise ValueError("linear scattering is written for one group")
            linear = material.mean_cosine[g] * material.scattering[g, g] / material.total[g]
            odd = kernel(2, n, depth, parity) / material.total[g]
            keep[flux_at(g), current_at(g)] -= 3 * kernel(2, n, depth, -parity) * linear
            keep[current_at(g), flux_at(g)] -= odd * material.scattering[g, g]
            born[current_at(g), flux_at(g)] = odd * material.production[g]
            keep[current_at(g), current_at(g)] -= 3 * kernel(3, n, depth, -parity) * linear
    step = np.linalg.solve(keep, born)
    return max(np.linalg.eigvals(step).real)


def k_of_body(material, thickness, shape, cells=160):
    """Of a slab of this half thickness, or of a sphere of this radius, in vacuum."""
    if shape == "sphere" and np.any(material.mean_cosine):
        raise ValueError("a sphere is a slab only where scattering is isotropic")
    parity = {"slab": 1, "sphere": -1}[shape]
    coarse, fine = (k_of_cells(material, thickness, n, parity) for n in (cells // 2, cells))
    return fine + (fine - coarse) / 3


def beam_mean(depth_from, depth_to):
    """Flux of a beam of 1/(cm² s), its mean between two depths in mean free paths: of exp(-depth)."""
    return (np.exp(-depth_from) - np.exp(-depth_to)) / (depth_to - depth_from)


def cosine_mean(depth_from, depth_to):
    """The same of a cosine-distributed source of 1/(cm² s) on the surface: of 2 E2(depth)."""
    return 2 * (expn(3, depth_from) - expn(3, depth_to)) / (depth_to - depth_from)


class NestedCubes:
    """Cubes about the origin, each of half side (cube) with its cross-section; the innermost holds a uniform source of
    1/(cm³ s) and nothing scatters. A corner of it with three mirrors is Kobayashi, Sugimura & Nagaya's problem 1."""

    def __init__(self, half_sides, totals):
        self.half_sides, self.totals = half_sides, totals

    def depth(self, origin, target):
        """Mean free paths between points (…, 3) and (…, 3)."""
        step = target - origin
        length = np.linalg.norm(step, axis=-1)
        inside = []
        with np.errstate(divide="ignore"):
            for half in self.half_sides:
                first, last = (-half - origin) / step, (half - origin) / step
                enter = np.minimum(first, last).max(axis=-1).clip(0, 1)
                leave = np.maximum(first, last).min(axis=-1).clip(0, 1)
                inside.append((leave - enter).clip(0) * length)
        shells = np.diff(np.array(inside), axis=0, prepend=0)
        return np.tensordot(np.array(self.totals), shells, axes=1)

    def flux(self, points, pieces=4, order=6):
        """At points (n, 3) outside the source: Gauss-Legendre over the source cut into pieces³ boxes."""
        at, weight = gauss(-self.half_sides[0], self.half_sides[0], pieces, order)
        origin = np.stack(np.meshgrid(at, at, at, indexing="ij"), -1).reshape(-1, 3)
        weights = np.einsum("i,j,k->ijk", weight, weight, weight).ravel()
        result = []
        for point in points:
            square = ((point - origin)**2).sum(-1)
            result.append(weights @ (np.exp(-self.depth(origin, point)) / (4 * np.pi * square)))
        return np.array(result)

    def flux_in_source(self, points, pieces=4, order=12):
        """At points (n, 3) in it: over its six faces, of (1 - exp(-depth)) for the direction to each place on them."""
        half, total = self.half_sides[0], self.totals[0]
        at, weight = gauss(-half, half, pieces, order)
        b, c = np.meshgrid(at, at, indexing="ij")
        weights = np.outer(weight, weight)
        result = np.zeros(len(points))
        for n, point in enumerate(points):
            for axis in range(3):
                others = np.delete(point, axis)
                for height in (half - point[axis], half + point[axis]):
                    distance = np.sqrt(height**2 + (b - others[0])**2 + (c - others[1])**2)
                    result[n] += (weights * height / distance**3 * (1 - np.exp(-total * distance))).sum()
        return result / (4 * np.pi * total)

    def mean(self, low, high, order=4):
        """Over a box that lies in the source or outside it."""
        nodes = [gauss(a, b, 1, order) for a, b in zip(low, high)]
        points = np.stack(np.meshgrid(*(node for node, _ in nodes), indexing="ij"), -1).reshape(-1, 3)
        weights = np.einsum("i,j,k->ijk", *(weight for _, weight in nodes)).ravel()
        within = np.all(np.array(high) <= self.half_sides[0])
        return weights @ (self.flux_in_source(points) if within else self.flux(points)) / weights.sum()


def gauss(low, high, pieces, order):
    """Nodes and weights over [low, high] in equal pieces."""
    node, weight = np.polynomial.legendre.leggauss(order)
    width = (high - low) / pieces
    start = low + width * np.arange(pieces)[:, None]
    return (start + width * (node + 1) / 2).ravel(), np.tile(weight * width / 2, pieces)
