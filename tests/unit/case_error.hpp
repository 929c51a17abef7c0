// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a user is told of a mistake in a case.
#include <string>
#include <vector>

#include "haloscope/base/errors.hpp"
#include "haloscope/case/case.hpp"

namespace haloscope {

inline std::string error_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    (void)parse_case(text, "c.toml", overrides);
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace haloscope
