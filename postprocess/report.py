# SPDX-License-Identifier: BSD-3-Clause
"""Writes the report of a study: report.html (all in one file), figures/, efficiency.csv, summary.json.

A section appears where the data has it. The text under a figure is computed from the numbers that were drawn.
"""
import os
import sys
from pathlib import Path

import jinja2
import numpy as np

from . import figure_attribution, figure_programs, figure_scaling, figure_tolerance, results, units
from .attribution import attributions_of
from .figure_programs import Programs
from .lines import Lines
from .matrix import matrix_of, winners
from .network_profile import profiles_of
from .provenance import machine, provenance
from .scaling import efficiency_table
from .sections import FACETS, figures_of, ladders_by_variable
from .series import TAILS, series_of
from .study import read_study
from .tolerance import LEVELS, ladders_of


class Report:
    """The data that the sections of a page are made of."""

    def __init__(self, study):
        self.study = study
        self.series = series_of(study)
        self.ladders = ladders_of(study, self.series)
        self.attributions = attributions_of(study, self.series)
        self.lines = Lines(study, self.series)
        program = next((variable for variable in study.variables if variable.is_program), None)
        self.programs = Programs(program, self.lines.whole()) if program else None
        self.matrix = matrix_of(self.lines)


def headline(report):
    """The answers for a reader in a hurry, one line each. The study's variables tell what it was made for."""
    if report.attributions:
        return [figure_attribution.finding(report.attributions)]
    if report.ladders:
        found = [figure_tolerance.sentence(group) for group in ladders_by_variable(report).values()]
    elif report.programs:
        found = [figure_programs.finding(report.programs)]
    elif report.matrix:
        found = winners(report.matrix)
    else:
        found = [(f"{name}: " if name else "") + figure_scaling.comparison(group, report.lines.name)
                 for name, group in report.lines.facets().items()]
    return found[:FACETS]


def _page(report, figures, sections):
    loader = jinja2.FileSystemLoader(os.path.dirname(os.path.abspath(__file__)))
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True,
                                     undefined=jinja2.StrictUndefined)
    environment.globals.update(seconds=units.seconds, percent=units.percent, number=units.number, interval=units.interval,
                               many=units.many, isfinite=np.isfinite, crossing_text=figure_tolerance.crossing_text, TAILS=TAILS,
                               LEVELS=LEVELS, tops_out=figure_scaling.tops_out)
    return environment.get_template("report.html.j2").render(report=report, study=report.study, figures=figures, **sections)


def write_report(paths, output=None, take_invalid=False):
    """Raises StudyError and RunFileError. Figures are written as they are drawn, the rest when everything is computed."""
    study = read_study(paths, take_invalid)
    folder = Path(output or (paths[0] if os.path.isdir(paths[0]) else "report"))
    for run in study.missing:
        if run.state in ("failed", "invalid"):
            print(f"haloscope: run {run.id} is {run.state} and not drawn: {run.reason or 'no reason given'}", file=sys.stderr)
    folder.mkdir(parents=True, exist_ok=True)
    report = Report(study)
    profiles = profiles_of(study)
    figures = figures_of(report, folder / "figures", profiles)
    facts, warnings, hosts = machine(study)
    sections = {"profiles": profiles, "facts": facts, "warnings": warnings, "hosts": hosts, "provenance": provenance(study),
                "headline": headline(report), "matrix": report.matrix}
    page = _page(report, figures, sections)
    sentences = [one.sentence for part in figures.values() if part for one in (part if isinstance(part, list) else [part])]
    results.write_csv(folder / "efficiency.csv", report.series)
    results.write_summary(folder / "summary.json", study, report.series, report.ladders, report.attributions, sentences)
    partial = folder / "report.html.part"
    partial.write_text(page, encoding="utf-8")
    partial.replace(folder / "report.html")
    print(efficiency_table(report.series) + str(folder / "report.html"))
