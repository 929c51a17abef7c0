// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/poisson.hpp"
