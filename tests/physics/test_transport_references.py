# SPDX-License-Identifier: BSD-3-Clause
"""Every value that a transport case expects is computed here from the case's own cross-sections and lengths, without chance:
a slip in copying a number of a paper into a case shows. What papers print and cannot be recomputed stands in PRINTED."""
import tomllib
import unittest
from pathlib import Path

import numpy as np
from scipy.special import expn

import transport_references as reference

CASES = Path(__file__).resolve().parents[2] / "cases"

# Kobayashi, Sugimura & Nagaya 2001, problem 1: flux at points, of the pure absorber, and with half scattering as GMVP has it.
PRINTED = {
    "at_5_5_5": (5.95659, 8.29260), "at_5_15_5": (1.37185, 1.87028), "at_5_25_5": (0.500871, 0.713986),
    "at_5_35_5": (0.252429, 0.384685), "at_5_45_5": (0.150260, 0.253984), "at_5_55_5": (0.0595286, 0.137220),
    "at_5_65_5": (0.0153283, 0.0465913), "at_5_75_5": (0.00417689, 0.0158766), "at_5_85_5": (0.00118533, 0.00547036),
    "at_5_95_5": (0.000346846, 0.00185082), "at_25_55_5": (0.0480754, 0.113582),
    "at_45_55_5": (0.0316366, 0.0782701)}
# How near to 1 k comes of problems 2, 32 and 8 of Sood, Forster & Parsons 2003. Problem 32 prints a half thickness of 0.77032
# mean free paths; by this reckoning 0.770294 is critical, and k of the printed one is 1.0000224.
CRITICAL = {"transport_slab": 1e-5, "transport_slab_anisotropic": 3e-5, "transport_sphere": 1e-5}


def attenuation(case):
    total, length = case["material"][0]["total_per_cm"], case["transport"]["length_cm"]
    area = length[1] * length[2]
    beam, cosine = (source["strength_per_s"] for source in case["source"])
    exact = {"leakage_west": 0, "lost_particles": 0,
             "leakage_east": beam * np.exp(-total[0] * length[0]) + cosine * 2 * expn(3, total[1] * length[0])}
    for tally in case["tally"]:
        group = tally["group"] - 1
        mean = (reference.beam_mean, reference.cosine_mean)[group]
        exact["flux:" + tally["name"]] = ((beam, cosine)[group] / area *
                                          mean(total[group] * tally["low_cm"][0], total[group] * tally["high_cm"][0]))
    return exact


def infinite(case):
    """Flux of every tally, absorption, in a closed box of one material with a source all over it or anywhere in it."""
    material = reference.Material(case["material"][0])
    volume = np.prod(case["transport"]["length_cm"])
    source = np.zeros(material.groups)
    for each in case["source"]:
        source[each.get("group", 1) - 1] += each.get("strength_per_s", 1) / volume
    flux = reference.infinite_flux(material, source)
    exact = {"absorption": material.absorption @ flux * volume, "leakage": 0, "lost_particles": 0}
    for tally in case["tally"]:
        groups = slice(None) if tally.get("group", 0) == 0 else tally["group"] - 1
        exact["flux:" + tally["name"]] = exact["flux_by_collisions:" + tally["name"]] = np.sum(flux[groups])
        exact["absorption:" + tally["name"]] = volume * np.sum((material.absorption * flux)[groups])
    return exact


def infinite_eigenvalue(case):
    return {"k_effective": reference.k_infinite(reference.Material(case["material"][0]))[0], "lost_particles": 0}


def critical(case):
    """One source neutron of a system that is exactly critical: production / absorption times absorption is 1."""
    material = reference.Material(case["material"][0])
    fill, length = case["fill"][0], case["transport"]["length_cm"]
    shape = fill.get("shape", "slab")
    k = reference.k_of_body(material, length[0] / 2 if shape == "slab" else fill["radius_cm"], shape, cells=320)
    print(f"{case['about']['name']}: k = {k:.7f}")
    absorbed = (material.absorption / material.production)[0]
    return {"k_effective": k, "absorption": absorbed, "leakage": 1 - absorbed, "lost_particles": 0}


def kobayashi(case):
    """Of the absorber the mean over each box; with scattering the printed value and what the mean of the first flights is
    above their value at the centre: of the others it is the mean that is printed, but for their curvature."""
    thick, thin = (material["total_per_cm"][0] for material in case["material"])
    cubes = reference.NestedCubes([10, 50, 100], [thick, thin, thick])
    scatters = "scattering_per_cm" in case["material"][0]
    exact = {"lost_particles": 0}
    for tally in case["tally"]:
        low, high = np.array(tally["low_cm"]), np.array(tally["high_cm"])
        centre = (low + high) / 2
        point = (cubes.flux_in_source if np.all(centre < 10) else cubes.flux)(np.array([centre]))[0]
        mean = cubes.mean(low, high)
        absorber, scattering = PRINTED[tally["name"]]
        if abs(point / absorber - 1) > 1e-4:
            raise AssertionError(f"{tally['name']}: {point} at the centre, printed is {absorber}")
        print(f"{case['about']['name']}: {tally['name']}: first flights: box / centre - 1 = {mean / point - 1:.5f}")
        exact["flux:" + tally["name"]] = scattering + mean - point if scatters else mean
    return exact


REFERENCES = {
    "transport": infinite, "transport_corner": infinite, "transport_infinite": infinite, "transport_two_group": infinite,
    "transport_attenuation": attenuation, "transport_k_infinite": infinite_eigenvalue, "transport_slab": critical,
    "transport_slab_anisotropic": critical, "transport_sphere": critical, "kobayashi_1_absorber": kobayashi,
    "kobayashi_1_scattering": kobayashi}


class References(unittest.TestCase):
    def test_method(self):
        """The method by itself: k of cells in a slab so thick that nothing leaks, and the error's order."""
        material = reference.Material({"total_per_cm": [1.0], "scattering_per_cm": [0.5], "production_per_cm": [0.6]})
        wide = reference.k_of_body(material, 200.0, "slab", cells=200)
        self.assertTrue(abs(wide - 1.2) < 1e-3 and wide < 1.2, wide)
        thin = [reference.k_of_cells(material, 1.0, cells, 1) for cells in (20, 40, 80)]
        self.assertTrue(3.5 < (thin[1] - thin[0]) / (thin[2] - thin[1]) < 4.5, thin)

    def test_cases(self):
        for name, compute in REFERENCES.items():
            case = tomllib.loads((CASES / f"{name}.toml").read_text(encoding="utf-8"))
            exact = compute(case)
            for expect in case["expect"]:
                quantity, value = expect["quantity"], expect["value"]
                with self.subTest(name, quantity=quantity):
                    self.assertIn(quantity, exact, "no reference is computed")
                    allowed = CRITICAL.get(name, 1e-5) * max(abs(value), 1e-300)
                    self.assertLessEqual(abs(exact[quantity] - value), allowed,
                                         f"the case says {value}, computed is {exact[quantity]:.10g}")

    def test_every_case_has_references(self):
        found = {path.stem for path in CASES.glob("*.toml") if 'problem = "transport"' in path.read_text(encoding="utf-8")}
        self.assertEqual(sorted(found - set(REFERENCES)), [], "no reference is computed")


if __name__ == "__main__":
    unittest.main()
