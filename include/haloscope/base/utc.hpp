// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file utc.hpp
/// The date for the records: UTC as ISO 8601 writes it. Nothing is measured by this clock.
#include <string>

namespace haloscope {

[[nodiscard]] std::string now_utc();    ///< 2022-06-14T09:26:53Z
[[nodiscard]] std::string today_utc();  ///< 2022-06-14

}  // namespace haloscope
