// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file recipe.hpp
/// What each start of a persistent request posts in modelled time.
#include <mpi.h>

#include <functional>
#include <memory>
#include <utility>

#include "interconnect/engine/engine.hpp"
#include "interconnect/engine/operation.hpp"

namespace haloscope::interconnect {

struct Recipe final : Modelled {
  /// Called when MPI has started the request; null when nothing is left to wait for.
  using Start = std::function<std::unique_ptr<Operation>(Engine&, MPI_Request)>;
  explicit Recipe(Start what) : start(std::move(what)) {}
  Start start;
};

/// Kept until the request is forgotten, beside what is remembered of it already.
void remember_recipe(MPI_Request request, Recipe::Start start);

/// Starts the requests, and posts what their recipes say.
int start_requests(Engine& engine, int n, MPI_Request requests[]);

}  // namespace haloscope::interconnect
