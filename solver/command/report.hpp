// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file report.hpp
/// Hands a command over to the Python package that reads run files and draws: postprocess/, installed or in the tree.
///
/// Becomes /usr/bin/python3, or what HALOSCOPE_PYTHON names: its words, its files and its exit code are the command's.
/// The package needs h5py, numpy, scipy, matplotlib and jinja2, which it asks for itself.
#include <string>
#include <vector>

namespace haloscope {

struct ReportOptions {
  std::vector<std::string> paths;  ///< a study's folder, or run files
  std::string output;              ///< a folder; empty: the study's own, or report
  bool invalid = false;            ///< draw invalid runs too
};

/// Becomes `python3 postprocess report …`. @throws UserError when there is no Python or no package
[[noreturn]] void report(const ReportOptions& options);

}  // namespace haloscope
