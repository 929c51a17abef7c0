// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// What tests on several ranks ask all the time.

int rank_of_world();
int ranks_of_world();
