// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file toml_library.hpp
/// toml++ without its assertions: some of them fire on a mistake in the text ("[.a]"), which is an error to be told.
#define TOML_ASSERT(expression) static_cast<void>(0)
#include <toml++/toml.h>
