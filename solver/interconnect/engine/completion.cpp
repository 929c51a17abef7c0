// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/engine/completion.hpp"

#include <algorithm>
#include <vector>

#include "interconnect/account/counters.hpp"
#include "interconnect/account/honesty.hpp"
#include "interconnect/engine/recipe.hpp"
#include "interconnect/engine/time_check.hpp"

namespace haloscope::interconnect {

namespace {

/// One request of a call, as it was when the call began.
struct Item {
  MPI_Request request = MPI_REQUEST_NULL;
  Operation* operation = nullptr;
  int index = 0;
  bool there = false;  ///< the payload
};

/// The active ones: what a wait or test is about.
std::vector<Item> items_of(int n, const MPI_Request requests[]) {
  std::vector<Item> items;
  for (int i = 0; i < n; ++i) {
    if (requests[i] == MPI_REQUEST_NULL) continue;
    const Remembered* const what = state.requests.find(RequestTable::key_of(requests[i]));
    if (what != nullptr && what->persistent && !what->active) continue;
    items.push_back({requests[i], what != nullptr ? what->operation : nullptr, i, false});
  }
  return items;
}

bool payload_there(Item& item) {
  if (item.there) return true;
  int flag = 0;
  MPI_Status status;
  PMPI_Request_get_status(item.request, &flag, &status);
  item.there = flag != 0;
  if (item.there && item.operation != nullptr && item.operation->asked_to_cancel) {
    int cancelled = 0;
    PMPI_Test_cancelled(&status, &cancelled);
    if (cancelled != 0) item.operation->cancel();
  }
  return item.there;
}

bool known(const Item& item) { return item.operation == nullptr || item.operation->progress(); }
bool resolved(Item& item) { return payload_there(item) && known(item); }
Moment completion(const Item& item) { return item.operation == nullptr ? Moment{} : item.operation->completion(); }
bool earlier(const Item& a, const Item& b) {
  return std::pair(completion(a).time, a.index) < std::pair(completion(b).time, b.index);
}

/// The request has been completed by PMPI: forgets what stood for it.
void retire(const Item& item) {
  Remembered* const what = state.requests.find(RequestTable::key_of(item.request));
  if (what == nullptr) return;
  delete std::exchange(what->operation, nullptr);
  what->active = false;
  if (!what->persistent) state.requests.forget(RequestTable::key_of(item.request));
}

void advance(Engine& engine, const Item& item) {
  if (item.operation != nullptr) go_on_after(engine, *item.operation);
}

/// Freed by the program while under way. MPI's request lives on: a receive from any source finds out by it who sent.
struct Freed {
  MPI_Request request;
  Operation* operation;
};
std::vector<Freed>& freed_here() {
  static auto* const all = new std::vector<Freed>;
  return *all;
}

/// The order of real arrival decided. In real time that is the very order that is modelled.
void count_real_order(const Engine& engine, const char* call) {
  if (engine.settings.mode == Mode::virtual_time) count_inexact(call);
}

/// A millisecond at most, for what may be on its way. True when @p done is.
template <class Done>
bool try_for_a_while(Engine& engine, Done done) {
  constexpr int attempts = 8;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    engine.drain();
    if (done()) return true;
    if (engine.settings.mode == Mode::real_time) return false;
    engine.channel.sleep(100);
  }
  return false;
}

/// Completes one request whose payload is there.
int take(Engine& engine, const Item& item, MPI_Request requests[], MPI_Status* status) {
  advance(engine, item);
  const int code = PMPI_Wait(&requests[item.index], status);
  retire(item);
  return code;
}

/// The items whose completion is not later than now, first come first; at least the first when @p at_least_one.
std::vector<Item> arrived(Engine& engine, std::vector<Item>& items, bool at_least_one) {
  std::vector<Item> there;
  for (Item& item : items)
    if (resolved(item)) there.push_back(item);
  std::ranges::sort(there, earlier);
  std::size_t n = 0;
  while (n < there.size() && completion(there[n]).time <= engine.clock.now().time) ++n;
  if (n == 0 && at_least_one && !there.empty()) n = 1;
  there.resize(n);
  return there;
}

bool all_resolved(std::vector<Item>& items) {
  bool all = true;
  for (Item& item : items) all = resolved(item) && all;
  return all;
}

/// When the first of those that are resolved is complete; never when none is.
Time first_completion(std::vector<Item>& items) {
  Time first = INT64_MAX;
  for (Item& item : items)
    if (resolved(item)) first = std::min(first, completion(item).time);
  return first;
}

/// Until one is resolved and, as far as can be seen, none that is not will be complete earlier. Real: until the first
/// is complete, as one that was sent later may be complete earlier.
void wait_for_first(Engine& engine, std::vector<Item>& items) {
  engine.wait([&] { return first_completion(items) != INT64_MAX; });
  for (bool complete = engine.settings.mode != Mode::real_time; !complete;) {
    const Time here = engine.clock.wall();  // first: what was sent until then counts
    engine.drain();
    complete = first_completion(items) <= here;
  }
  engine.let_come([&] { return all_resolved(items) ? 0 : first_completion(items); });
}

MPI_Status* at(MPI_Status statuses[], std::size_t i) {
  return statuses == MPI_STATUSES_IGNORE ? MPI_STATUS_IGNORE : &statuses[i];
}

int take_some(Engine& engine, const std::vector<Item>& there, MPI_Request requests[], int* n_done, int done[],
              MPI_Status statuses[]) {
  *n_done = static_cast<int>(there.size());
  for (std::size_t i = 0; i < there.size(); ++i) {
    done[i] = there[i].index;
    const int code = take(engine, there[i], requests, at(statuses, i));
    if (code != MPI_SUCCESS) return code;
  }
  return MPI_SUCCESS;
}

}  // namespace

void remember_operation(MPI_Request request, std::unique_ptr<Operation> operation, bool collective) {
  if (operation == nullptr && !collective) return;
  state.requests.remember(RequestTable::key_of(request), {.collective = collective, .operation = operation.release()});
}

void remember_recipe(MPI_Request request, Recipe recipe) {
  const RequestTable::Key key = RequestTable::key_of(request);
  Remembered what;
  if (const Remembered* const known = state.requests.find(key); known != nullptr && known->persistent) what = *known;
  what.persistent = true;
  what.recipe = new Recipe(std::move(recipe));
  state.requests.remember(key, what);
}

void go_on_after(Engine& engine, Operation& operation) {
  const Moment then = operation.completion();
  engine.clock.wait_until(then);
  engine.clock.spend(operation.cost());
  check_not_before("end of a message or collective", engine.clock.now().time, then.time + operation.cost());
  check_not_before("its end on the ideal clock", engine.clock.now().ideal, then.ideal);
  operation.completed();
}

int cancel(Engine& engine, MPI_Request* request) {
  const Remembered* const what = state.requests.find(RequestTable::key_of(*request));
  if (what != nullptr && what->operation != nullptr) {
    if (!what->operation->cancellable())
      refuse("MPI_Cancel", "a send that waits for its receiver cannot be taken back in modelled time");
    what->operation->asked_to_cancel = true;
    count_real_order(engine, "MPI_Cancel");  // a message that is really there is not taken back
  }
  return PMPI_Cancel(request);  // of a send that has left: Open MPI never takes it back
}

void forget_operation(MPI_Request request) { retire({request, nullptr, 0, true}); }

int free_request(MPI_Request* request) {
  release_freed();
  const RequestTable::Key key = RequestTable::key_of(*request);
  const Remembered* const what = state.requests.find(key);
  Operation* const operation = what != nullptr ? what->operation : nullptr;
  if (what != nullptr) delete what->recipe;
  state.requests.forget(key);
  if (operation != nullptr && !operation->progress()) {
    freed_here().push_back({*request, operation});
    *request = MPI_REQUEST_NULL;
    return MPI_SUCCESS;
  }
  delete operation;
  return PMPI_Request_free(request);
}

void release_freed() {
  std::erase_if(freed_here(), [](Freed& one) {
    Item item{one.request, one.operation, 0, false};
    if (one.operation->asked_to_cancel) (void)payload_there(item);
    if (!one.operation->progress()) return false;
    delete one.operation;
    PMPI_Request_free(&one.request);
    return true;
  });
}

namespace {

/// Until all are complete, which @p finish then says to MPI.
template <class Finish>
int wait_for_all(Engine& engine, int n, const MPI_Request requests[], Finish finish) {
  std::vector<Item> items = items_of(n, requests);
  engine.wait([&] {
    bool all_there = true, all_known = true;
    for (Item& item : items) {
      all_there = payload_there(item) && all_there;
      all_known = known(item) && all_known;
    }
    engine.pending_payload = engine.all_known = all_known && !all_there;
    return all_there && all_known;
  });
  const int code = finish();
  std::ranges::sort(items, earlier);
  for (const Item& item : items) {
    advance(engine, item);
    retire(item);
  }
  return code;
}

template <class Finish>
int test_for_all(Engine& engine, const char* call, int n, const MPI_Request requests[], int* flag, Finish finish) {
  std::vector<Item> items = items_of(n, requests);
  if (!try_for_a_while(engine, [&] { return all_resolved(items); })) count_real_order(engine, call);
  const std::vector<Item> there = arrived(engine, items, false);
  *flag = there.size() < items.size() ? 0 : 1;
  if (*flag == 0) {
    engine.clock.spend(poll_cost);
    return MPI_SUCCESS;
  }
  const int code = finish();
  for (const Item& item : there) {
    advance(engine, item);
    retire(item);
  }
  return code;
}

}  // namespace

int wait_one(Engine& engine, MPI_Request* request, MPI_Status* status) {
  return wait_for_all(engine, 1, request, [&] { return PMPI_Wait(request, status); });
}

int wait_all(Engine& engine, int n, MPI_Request requests[], MPI_Status statuses[]) {
  return wait_for_all(engine, n, requests, [&] { return PMPI_Waitall(n, requests, statuses); });
}

int test_one(Engine& engine, MPI_Request* request, int* flag, MPI_Status* status) {
  return test_for_all(engine, "MPI_Test", 1, request, flag, [&] { return PMPI_Wait(request, status); });
}

int test_all(Engine& engine, int n, MPI_Request requests[], int* flag, MPI_Status statuses[]) {
  return test_for_all(engine, "MPI_Testall", n, requests, flag, [&] { return PMPI_Waitall(n, requests, statuses); });
}

int wait_any(Engine& engine, int n, MPI_Request requests[], int* index, MPI_Status* status) {
  std::vector<Item> items = items_of(n, requests);
  if (items.empty()) return PMPI_Waitany(n, requests, index, status);
  if (!try_for_a_while(engine, [&] { return all_resolved(items); })) {
    wait_for_first(engine, items);
    if (!all_resolved(items)) count_real_order(engine, "MPI_Waitany");
  }
  const Item first = arrived(engine, items, true).front();
  *index = first.index;
  return take(engine, first, requests, status);
}

int wait_some(Engine& engine, int n, MPI_Request requests[], int* n_done, int done[], MPI_Status statuses[]) {
  std::vector<Item> items = items_of(n, requests);
  if (items.empty()) return PMPI_Waitsome(n, requests, n_done, done, statuses);
  if (!try_for_a_while(engine, [&] { return all_resolved(items); })) {
    wait_for_first(engine, items);
    if (!all_resolved(items)) count_real_order(engine, "MPI_Waitsome");
  }
  return take_some(engine, arrived(engine, items, true), requests, n_done, done, statuses);
}

int test_any(Engine& engine, int n, MPI_Request requests[], int* index, int* flag, MPI_Status* status) {
  std::vector<Item> items = items_of(n, requests);
  if (items.empty()) return PMPI_Testany(n, requests, index, flag, status);
  if (!try_for_a_while(engine, [&] { return all_resolved(items); })) count_real_order(engine, "MPI_Testany");
  const std::vector<Item> there = arrived(engine, items, false);
  *flag = there.empty() ? 0 : 1;
  if (there.empty()) {
    engine.clock.spend(poll_cost);
    *index = MPI_UNDEFINED;
    return MPI_SUCCESS;
  }
  *index = there.front().index;
  return take(engine, there.front(), requests, status);
}

int test_some(Engine& engine, int n, MPI_Request requests[], int* n_done, int done[], MPI_Status statuses[]) {
  std::vector<Item> items = items_of(n, requests);
  if (items.empty()) return PMPI_Testsome(n, requests, n_done, done, statuses);
  if (!try_for_a_while(engine, [&] { return all_resolved(items); })) count_real_order(engine, "MPI_Testsome");
  const std::vector<Item> there = arrived(engine, items, false);
  if (there.empty()) engine.clock.spend(poll_cost);
  return take_some(engine, there, requests, n_done, done, statuses);
}

int get_status(Engine& engine, MPI_Request request, int* flag, MPI_Status* status) {
  std::vector<Item> items = items_of(1, &request);
  if (!try_for_a_while(engine, [&] { return all_resolved(items); })) count_real_order(engine, "MPI_Request_get_status");
  if (arrived(engine, items, false).size() == items.size()) return PMPI_Request_get_status(request, flag, status);
  engine.clock.spend(poll_cost);
  *flag = 0;
  return MPI_SUCCESS;
}

}  // namespace haloscope::interconnect
