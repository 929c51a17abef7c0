// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/engine/recipe.hpp"

#include "interconnect/account/counters.hpp"

namespace haloscope::interconnect {

void remember_recipe(MPI_Request request, Recipe::Start start) {
  const RequestTable::Key key = RequestTable::key_of(request);
  Remembered what;
  if (Remembered* const before = state.requests.find(key); before != nullptr && before->persistent)
    what = std::move(*before);
  what.persistent = true;
  what.recipe = std::make_unique<Recipe>(std::move(start));
  state.requests.remember(key, std::move(what));
}

int start_requests(Engine& engine, int n, MPI_Request requests[]) {
  const int code = PMPI_Startall(n, requests);
  if (code != MPI_SUCCESS) return code;
  for (int i = 0; i < n; ++i) {
    Remembered* const what = state.requests.find(RequestTable::key_of(requests[i]));
    if (what == nullptr) continue;
    what->active = true;
    if (what->recipe != nullptr) what->operation = static_cast<Recipe&>(*what->recipe).start(engine, requests[i]);
  }
  return MPI_SUCCESS;
}

}  // namespace haloscope::interconnect
