// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file settings.hpp
/// What a case of problem transport may say, and what it may not.
#include "haloscope/case/keys.hpp"

namespace haloscope {

void add_transport_keys(Schema<Case>& keys);

/// What concerns more than one key. @throws UserError
void check_transport(const Case& settings, const Origin& origin);

}  // namespace haloscope
