// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file keys.hpp
/// Inside the study wing: the one table of keys.
#include "haloscope/settings/schema.hpp"
#include "haloscope/study/study.hpp"

namespace haloscope {

[[nodiscard]] const Schema<Study>& study_schema();

}  // namespace haloscope
