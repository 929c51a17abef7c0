// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file output.hpp
/// Whether a file of results can be written, asked before anything is computed.
#include <string>

namespace haloscope {

/// Why @p path cannot become a file of results; empty when it can. @p option names another path on the command line.
/// Tries it by a file PATH.part, which it removes again.
[[nodiscard]] std::string output_objection(const std::string& path, const char* option, bool force);

}  // namespace haloscope
