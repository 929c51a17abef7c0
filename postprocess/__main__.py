# SPDX-License-Identifier: BSD-3-Clause
"""The command line: `haloscope report` becomes `python3 postprocess report`."""
import argparse
import os
import sys

if not __package__:  # started as a folder: the package is what lies here
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Parser(argparse.ArgumentParser):
    """One line for a mistake, as everywhere in haloscope."""

    def error(self, message):
        print(f"haloscope: {message}; see haloscope {self.prog.split()[-1]} --help", file=sys.stderr)
        sys.exit(2)


def parser():
    top = Parser(prog="haloscope", description="Reads run files and study folders, and draws what they say.")
    commands = top.add_subparsers(dest="command", required=True, parser_class=Parser)
    report = commands.add_parser("report", help="scaling curves, losses and tails of a study, as one page")
    report.add_argument("paths", nargs="+", metavar="DIR|FILE.h5", help="a study's folder, or run files")
    report.add_argument("--output", metavar="DIR", help="where to write; a study's own folder, or report")
    report.add_argument("--invalid", action="store_true", help="draw runs that failed their checks, too")
    scaling = commands.add_parser("scaling", help="the scaling table of run files of one case")
    scaling.add_argument("paths", nargs="+", metavar="FILE.h5")
    scaling.add_argument("--output", metavar="FILE.png", default="", help="draws it, too")
    return top


def main(arguments):
    options = parser().parse_args(arguments)
    try:
        from postprocess.run_file import RunFileError
        from postprocess.study import StudyError
        if options.command == "report":
            from postprocess.report import write_report
        else:
            from postprocess.scaling import scaling
    except ModuleNotFoundError as error:
        print(f"haloscope: {sys.executable} has no module {error.name}; reports need h5py, numpy, scipy, matplotlib and jinja2 "
              "(HALOSCOPE_PYTHON names another python3)", file=sys.stderr)
        return 3
    try:
        if options.command == "report":
            write_report(options.paths, options.output, options.invalid)
        else:
            scaling(options.paths, options.output)
    except (StudyError, RunFileError) as error:
        print(f"haloscope: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"haloscope: {error.filename or 'output'}: {error.strerror or error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
