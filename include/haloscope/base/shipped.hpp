// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file shipped.hpp
/// What came with this program: cases, networks, job scripts, the drawing package. Found from where the program lies,
/// installed or in the tree that it was built in. Linux only (/proc/self/exe).
#include <string>

namespace haloscope {

/// The file of the program that runs, which need not be haloscope. Empty where the system does not tell.
[[nodiscard]] std::string this_program();

/// The path of @p name, "cases/networks" for example, among what came with the program; empty where it is not there.
[[nodiscard]] std::string find_shipped(const std::string& name);

/// @p name where such a file is, or where it has a folder; else, for a bare NAME, NAME.toml in the shipped @p folder;
/// else @p name again.
[[nodiscard]] std::string find_settings(const std::string& name, const std::string& folder);

}  // namespace haloscope
