# SPDX-License-Identifier: BSD-3-Clause
"""Writes the report of a study: report.html (all in one file), figures/, efficiency.csv, summary.json.

A section appears where the data has it. What it says under a figure is computed here from the same numbers that were drawn.
"""
import collections
import os
import sys
from pathlib import Path

import jinja2
import numpy as np

from . import (figure, figure_attribution, figure_jitter, figure_phases, figure_profile, figure_programs, figure_scaling,
               figure_tolerance, results, units)
from .attribution import attributions_of
from .figure_programs import Programs
from .network_profile import profiles_of
from .scaling import efficiency_table
from .series import TAILS, repeats_text, series_of
from .study import read_study
from .tolerance import LEVELS, ladders_of

FACETS = 6  # figures of one kind; the rest stands in efficiency.csv


class Report:
    """Everything that the page shows, section by section."""

    def __init__(self, study, figures):
        self.study = study
        self.figures = figures  # folder
        self.series = series_of(study)
        self.ladders = ladders_of(study, self.series)
        self.attributions = attributions_of(study, self.series)
        self.lines = self._line_variable()
        program = next((variable for variable in study.variables if variable.is_program), None)
        self.programs = Programs(program, self.whole()) if program else None
        self.styles = figure.styles(self.lines.labels, ordered=self.lines.is_ladder and len(self.lines.labels) > 3)

    def _line_variable(self):
        """The variable that tells lines apart; the others make figures of their own."""
        def rank(variable):
            networks = {run.file.network for run in self.study.drawn}
            return (variable.is_program, variable.is_attribution, not variable.is_ladder, not (len(networks) > 1 and variable.name == "network"))
        return min(self.study.variables, key=rank) if self.study.variables else _Single()

    def style(self, series):
        return self.styles[series.labels.get(self.lines.name, "")]

    def line_name(self, series):
        return series.words.get(self.lines.name, series.name)

    def whole(self):
        """The series from which nothing is switched off; all, where there are no twins."""
        attributed = [variable for variable in self.study.variables if variable.is_attribution]
        found = [series for series in self.series if not any(v.without[series.labels[v.name]] for v in attributed)]
        return found or self.series

    def facets(self):
        """{labels of all other variables: series}."""
        groups = {}
        for series in self.whole():
            name = " / ".join(label for variable, label in series.labels.items() if variable != self.lines.name)
            groups.setdefault(name, []).append(series)
        return groups

    def save(self, name, draw, sentence, points, title=""):
        """Points of None: it shows what no run measured."""
        beside = "From the profiles, not from runs" if points is None else repeats_text(points)
        return figure.save(name, draw, self.figures, sentence, title, beside)

    # --- sections --------------------------------------------------------------------------------------------------------

    def scaling(self):
        if all(len(series.points) < 2 for series in self.series):
            return []
        first = [self.save("programs", lambda layout: figure_programs.draw(self.programs, layout),
                           figure_programs.sentence(self.programs), self.programs.points(), "All programs on the same axes")
                 ] if self.programs else []
        if self.lines.is_program:
            return first
        return first + [self.save(f"scaling{f'-{number}' if number else ''}",
                          lambda layout, group=group: figure_scaling.draw(group, self.style, self.line_name, layout),
                          figure_scaling.sentence(group, self.line_name), [p for s in group for p in s.points], name)
                for number, (name, group) in enumerate(list(self.facets().items())[:FACETS])]

    def phases(self):
        shown = self._representative()
        return self.save("phases", lambda layout: figure_phases.draw(shown, layout), figure_phases.sentence(shown),
                         [p for s in shown for p in s.points])

    def _representative(self):
        """Of a ladder three rungs, of programs each where it does best and worst, of other variables all."""
        if self.programs and not self.lines.is_program:
            ends = {id(point) for places in self.programs.range().values() for _, point in places}
            kept = [series for series in self.programs.all if any(id(point) in ends for point in series.points)]
            return kept or self.whole()
        if not self.lines.is_ladder:
            return self.whole()
        rungs = [label for label in self.lines.labels if any(s.labels[self.lines.name] == label for s in self.series)]
        kept = {rungs[0], rungs[len(rungs) // 2], rungs[-1]}
        return [series for series in self.whole() if series.labels[self.lines.name] in kept]

    def tails(self):
        group = [(series, series.last) for series in self._representative()[: 2 * FACETS]]
        look = self.styles if len(self.study.variables) < 2 else figure.styles([series.name for series, _ in group])

        def style(series):
            return look[series.labels.get(self.lines.name, "")] if look is self.styles else look[series.name]
        return self.save("tails", lambda layout: figure_jitter.draw_tails(group, style, layout),
                         figure_jitter.sentence_tails(group), [point for _, point in group])

    def waiting(self):
        maps = figure_jitter.waiting_maps([(series, series.last) for series in self._representative()])
        if not maps:
            return None
        return self.save("waiting", lambda layout: figure_jitter.draw_waiting(maps, layout), figure_jitter.sentence_waiting(maps),
                         [one.point for one in maps])

    def tolerance(self):
        figures = []
        for number, variable in enumerate(dict.fromkeys(ladder.variable.name for ladder in self.ladders)):
            group = [ladder for ladder in self.ladders if ladder.variable.name == variable]
            figures.append(self.save(f"tolerance{f'-{number}' if number else ''}",
                                     lambda layout, group=group: figure_tolerance.draw(group, layout),
                                     figure_tolerance.sentence(group), [p for ladder in group for p in ladder.points], variable))
        return figures

    def attribution(self):
        if not self.attributions:
            return None
        return self.save("attribution", lambda layout: figure_attribution.draw(self.attributions, layout),
                         figure_attribution.sentence(self.attributions), [p for one in self.attributions for p in one.points])

    def profile(self):
        profiles = profiles_of(self.study)
        if not profiles:
            return None, []
        look = {profile.label: self.styles.get(profile.label) for profile in profiles}
        if None in look.values():
            look = figure.styles([profile.label for profile in profiles])
        return self.save("networks", lambda layout: figure_profile.draw(profiles, look.get, layout),
                         figure_profile.sentence(profiles), None), profiles

    def headline(self):
        """What a reader in a hurry must know, one line each."""
        lines = [figure_programs.finding(self.programs)] if self.programs else self._winners() or [(f"{name}: " if name else "") + figure_scaling.comparison(group, self.line_name)
                                    for name, group in list(self.facets().items())[:FACETS]]
        if self.ladders:
            lines = [figure_tolerance.sentence([l for l in self.ladders if l.variable.name == name])
                     for name in dict.fromkeys(ladder.variable.name for ladder in self.ladders)]
        if self.attributions:
            lines = [figure_attribution.finding(self.attributions)]
        return lines[:FACETS]

    def _winners(self):
        """Of a study of two variables, what is quickest for each value of the first."""
        matrix, lines = self.matrix(), []
        for label, cells in matrix["rows"] if matrix else ():
            there = [(name, point, best) for name, (point, best) in zip(matrix["columns"], cells) if point]
            quick = min(there, key=lambda one: one[1].time.value)
            slow = max(there, key=lambda one: one[1].time.value)
            text = f"{label}, {units.many(matrix['ranks'], 'rank')}: the step is shortest, {units.seconds(quick[1].time.value)}, with "
            text += units.listed([quick[0], *(name for name, _, best in there if best and name != quick[0])])
            if not slow[2]:
                text += (f"; {slow[0]} takes {units.number(slow[1].time.value / quick[1].time.value)} times as long "
                         f"({figure_scaling.ratio_interval(slow[1], quick[1])})")
            lines.append(text + ".")
        return lines

    def matrix(self):
        """Median steps at the most ranks that all have, rows a value of the lines' variable; None for one variable."""
        facets = list(self.facets())
        if len(facets) < 2 or len(self.lines.labels) < 2 or self.programs:
            return None
        common = set.intersection(*({p.ranks for p in series.points} for series in self.series))
        if not common:
            return None
        rows = []
        for label in self.lines.labels:
            points = {name: series.at(max(common)) for name, group in self.facets().items() for series in group
                      if series.labels[self.lines.name] == label}
            if points:
                best = min(points.values(), key=lambda point: point.time.value)
                # Told apart from the best when zero difference is outside the interval of the ratio.
                equal = {name for name, p in points.items() if p is best or
                         not np.percentile(p.drawn_times / best.drawn_times, 2.5) > 1}
                rows.append((label, [(points.get(name), name in equal) for name in facets]))
        return {"ranks": max(common), "columns": facets, "rows": rows, "variable": self.lines.name}

    def machine(self):
        """{fact: values}, and {warning: number of runs}."""
        facts, warnings = {}, collections.Counter()
        for run in self.study.drawn:
            for key, value in run.file.machine.items():
                facts.setdefault(key.replace("_", " "), collections.Counter())[value] += 1
            warnings.update(dict.fromkeys(run.file.get("warnings", []), 1))
        hosts = list(dict.fromkeys(host for run in self.study.drawn for host in run.file.hosts))
        return facts, warnings, hosts

    def provenance(self):
        """[(what, values)]: each value once."""
        keys = ("haloscope_version", "git_commit", "compiler", "compiler_flags", "mpi_library", "petsc_version", "hdf5_version",
                "clock", "compute", "compute_model", "seed", "network_seed", "ranks_per_node", "exact", "cells")
        found = []
        for key in keys:
            values = [str(run.file.get(key)) for run in self.study.drawn if run.file.get(key, None) is not None]
            if key == "mpi_library":  # without the network's own signature, which the networks' section has
                values = [value.split(" +interconnect")[0] for value in values]
            values = [value for value in dict.fromkeys(values) if value]
            if values:
                found.append((key.replace("_", " "), values if len(values) <= 8 else values[:8] + [f"… {len(values)} in all"]))
        times = sorted(run.file.get("created_utc") for run in self.study.drawn)
        return [("runs made", [f"{times[0]} to {times[-1]}" if len(times) > 1 else times[0]]), *found]


class _Single:
    """Where nothing varies but ranks."""

    name, labels, is_ladder, is_attribution, is_program = "", [""], False, False, False


def _page(report, figures, sections):
    loader = jinja2.FileSystemLoader(os.path.dirname(os.path.abspath(__file__)))
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True,
                                     undefined=jinja2.StrictUndefined)
    environment.globals.update(seconds=units.seconds, percent=units.percent, number=units.number, interval=units.interval,
                               many=units.many, isfinite=np.isfinite, crossing_text=figure_tolerance.crossing_text, TAILS=TAILS,
                               LEVELS=LEVELS, tops_out=figure_scaling.tops_out)
    return environment.get_template("report.html.j2").render(report=report, study=report.study, figures=figures, **sections)


def write_report(paths, output=None, take_invalid=False):
    """Raises StudyError and RunFileError; everything is computed before anything is written but figures."""
    study = read_study(paths, take_invalid)
    folder = Path(output or (paths[0] if os.path.isdir(paths[0]) else "report"))
    for run in study.missing:
        if run.state in ("failed", "invalid"):
            print(f"haloscope: run {run.id} is {run.state} and not drawn: {run.reason or 'no reason given'}", file=sys.stderr)
    folder.mkdir(parents=True, exist_ok=True)
    report = Report(study, folder / "figures")
    figures = {name: getattr(report, name)() for name in ("scaling", "phases", "tails", "waiting", "tolerance", "attribution")}
    figures["profile"], profiles = report.profile()
    facts, warnings, hosts = report.machine()
    sections = {"profiles": profiles, "facts": facts, "warnings": warnings, "hosts": hosts, "provenance": report.provenance(),
                "headline": report.headline(), "matrix": report.matrix()}
    page = _page(report, figures, sections)
    sentences = [one.sentence for part in figures.values() if part for one in (part if isinstance(part, list) else [part])]
    results.write_csv(folder / "efficiency.csv", report.series)
    results.write_summary(folder / "summary.json", study, report.series, report.ladders, report.attributions, sentences)
    partial = folder / "report.html.part"
    partial.write_text(page, encoding="utf-8")
    partial.replace(folder / "report.html")
    print(efficiency_table(report.series) + str(folder / "report.html"))
