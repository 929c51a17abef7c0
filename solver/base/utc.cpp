// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/base/utc.hpp"

#include <fmt/chrono.h>

#include <ctime>

namespace haloscope {

std::string now_utc() { return fmt::format("{:%FT%TZ}", fmt::gmtime(std::time(nullptr))); }

std::string today_utc() { return fmt::format("{:%F}", fmt::gmtime(std::time(nullptr))); }

}  // namespace haloscope
