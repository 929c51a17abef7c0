# SPDX-License-Identifier: BSD-3-Clause
"""How the series of a study fall into figures: one variable tells the lines of a figure apart, the others make figures of their
own."""
from . import figure


class _Single:
    """Where nothing varies but ranks."""

    name, labels, is_ladder, is_attribution, is_program = "", [""], False, False, False


class Lines:
    """The lines of all figures: their variable, their styles, and the series that are drawn."""

    def __init__(self, study, all_series):
        self.study = study
        self.all = all_series
        self.variable = _line_variable(study)
        self.labels = self.variable.labels
        self.styles = figure.styles(self.labels, ordered=self.variable.is_ladder and len(self.labels) > 3)

    def label(self, series):
        return series.labels.get(self.variable.name, "")

    def style(self, series):
        return self.styles[self.label(series)]

    def name(self, series):
        return series.words.get(self.variable.name, series.name)

    def whole(self):
        """The series from which nothing is switched off; all, where there are no twins."""
        attributed = [variable for variable in self.study.variables if variable.is_attribution]
        found = [series for series in self.all if not any(v.without[series.labels[v.name]] for v in attributed)]
        return found or self.all

    def facets(self):
        """{labels of all other variables: series}."""
        groups = {}
        for series in self.whole():
            name = " / ".join(label for variable, label in series.labels.items() if variable != self.variable.name)
            groups.setdefault(name, []).append(series)
        return groups


def _line_variable(study):
    """The variable whose values a reader most wants beside each other; the first of those that are equally good."""
    several_networks = len({run.file.network for run in study.drawn}) > 1

    def reluctance(variable):
        return (
            variable.is_program,       # step times of different programs must not share an axis: only where nothing else varies
            variable.is_attribution,   # twins of one series have a section of their own
            not variable.is_ladder,    # rungs are ordered, and shades of one colour show the order
            not (variable.name == "network" and several_networks),  # what a study of networks asks about
        )
    return min(study.variables, key=reluctance, default=_Single())
