# SPDX-License-Identifier: BSD-3-Clause
"""The figures of a report, a function a section of the page. Each gives what it drew, with the sentence under it."""
from . import (figure, figure_attribution, figure_jitter, figure_phases, figure_profile, figure_programs, figure_scaling,
               figure_tolerance)
from .series import repeats_text

FACETS = 6  # figures of one kind; the rest stands in efficiency.csv


class Figures:
    """Draws into one folder."""

    def __init__(self, folder):
        self.folder = folder

    def save(self, name, draw, sentence, points, title=""):
        """Points of None: it shows what no run measured."""
        beside = "From the profiles, not from runs" if points is None else repeats_text(points)
        return figure.save(name, draw, self.folder, sentence, title, beside)


def figures_of(report, folder, profiles):
    """{section: its figure, its figures, or nothing}."""
    figures = Figures(folder)
    return {"scaling": scaling(report, figures), "phases": phases(report, figures), "tails": tails(report, figures),
            "waiting": waiting(report, figures), "tolerance": tolerance(report, figures),
            "attribution": attribution(report, figures), "profile": networks(report, figures, profiles)}


def scaling(report, figures):
    if all(len(series.points) < 2 for series in report.series):
        return []
    drawn = []
    if report.programs:
        drawn.append(figures.save("programs", lambda layout: figure_programs.draw(report.programs, layout),
                                  figure_programs.sentence(report.programs), report.programs.points(),
                                  "All programs on the same axes"))
    lines = report.lines
    if lines.variable.is_program:
        return drawn
    for number, (name, group) in enumerate(list(lines.facets().items())[:FACETS]):
        drawn.append(figures.save(_numbered("scaling", number),
                                  lambda layout, group=group: figure_scaling.draw(group, lines.style, lines.name, layout),
                                  figure_scaling.sentence(group, lines.name), _points(group), name))
    return drawn


def phases(report, figures):
    shown = _representative(report)
    return figures.save("phases", lambda layout: figure_phases.draw(shown, layout), figure_phases.sentence(shown), _points(shown))


def tails(report, figures):
    group = [(series, series.last) for series in _representative(report)[: 2 * FACETS]]
    # All series are in this one figure: with several variables a line's own label does not tell them apart.
    style = report.lines.style if len(report.study.variables) < 2 else _style_by_name([series for series, _ in group])
    return figures.save("tails", lambda layout: figure_jitter.draw_tails(group, style, layout),
                        figure_jitter.sentence_tails(group), [point for _, point in group])


def waiting(report, figures):
    maps = figure_jitter.waiting_maps([(series, series.last) for series in _representative(report)])
    if not maps:
        return None
    return figures.save("waiting", lambda layout: figure_jitter.draw_waiting(maps, layout), figure_jitter.sentence_waiting(maps),
                        [one.point for one in maps])


def tolerance(report, figures):
    return [figures.save(_numbered("tolerance", number), lambda layout, group=group: figure_tolerance.draw(group, layout),
                         figure_tolerance.sentence(group), _points(group), variable)
            for number, (variable, group) in enumerate(ladders_by_variable(report).items())]


def ladders_by_variable(report):
    groups = {}
    for ladder in report.ladders:
        groups.setdefault(ladder.variable.name, []).append(ladder)
    return groups


def attribution(report, figures):
    if not report.attributions:
        return None
    return figures.save("attribution", lambda layout: figure_attribution.draw(report.attributions, layout),
                        figure_attribution.sentence(report.attributions), _points(report.attributions))


def networks(report, figures, profiles):
    if not profiles:
        return None
    look = {profile.label: report.lines.styles.get(profile.label) for profile in profiles}
    if None in look.values():
        look = figure.styles([profile.label for profile in profiles])
    return figures.save("networks", lambda layout: figure_profile.draw(profiles, look.get, layout),
                        figure_profile.sentence(profiles), None)


def _representative(report):
    """Of a ladder three rungs, of programs each where it does best and worst, of other variables all."""
    lines, programs = report.lines, report.programs
    if programs and not lines.variable.is_program:
        ends = {id(point) for places in programs.range().values() for _, point in places}
        kept = [series for series in programs.all if any(id(point) in ends for point in series.points)]
        return kept or lines.whole()
    if not lines.variable.is_ladder:
        return lines.whole()
    rungs = [label for label in lines.labels if any(lines.label(series) == label for series in report.series)]
    kept = {rungs[0], rungs[len(rungs) // 2], rungs[-1]}
    return [series for series in lines.whole() if lines.label(series) in kept]


def _style_by_name(all_series):
    look = figure.styles([series.name for series in all_series])
    return lambda series: look[series.name]


def _points(group):
    return [point for one in group for point in one.points]


def _numbered(name, number):
    return f"{name}-{number}" if number else name
