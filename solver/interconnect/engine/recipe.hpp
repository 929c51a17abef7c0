// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file recipe.hpp
/// What each start of a persistent request posts in modelled time.
#include <mpi.h>

#include <functional>
#include <memory>

#include "interconnect/engine/engine.hpp"
#include "interconnect/engine/operation.hpp"

namespace haloscope::interconnect {

struct Recipe {
  /// Called when MPI has started the request; null when nothing is left to wait for.
  std::function<std::unique_ptr<Operation>(Engine&, MPI_Request)> start;
};

/// Kept until the request is forgotten, beside what is remembered of it already.
void remember_recipe(MPI_Request request, Recipe recipe);

}  // namespace haloscope::interconnect
