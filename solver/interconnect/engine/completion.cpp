// SPDX-License-Identifier: BSD-3-Clause
// Over 300 lines: the nine calls differ in a line or two and share all of the parts above them.
#include "interconnect/engine/completion.hpp"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "interconnect/account/counters.hpp"
#include "interconnect/account/honesty.hpp"
#include "interconnect/engine/time_check.hpp"

namespace haloscope::interconnect {

namespace {

Remembered* remembered(MPI_Request request) noexcept { return state.requests.find(RequestTable::key_of(request)); }

/// Null of a request that is complete as soon as its payload is.
Operation* operation_of(const Remembered* what) noexcept {
  return what == nullptr ? nullptr : static_cast<Operation*>(what->operation.get());
}

/// One request of a call, as it was when the call began.
struct Item {
  MPI_Request request = MPI_REQUEST_NULL;
  Operation* operation = nullptr;
  int index = 0;
  bool there = false;     ///< the payload
  bool resolved = false;  ///< the payload is there, and when it arrived is known
};

/// The active requests of a call: what a wait or test is about. A call about one of them allocates nothing.
class Items {
 public:
  Items(int n, const MPI_Request requests[]) {
    if (n > 1) several_.reserve(static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i) {
      if (requests[i] == MPI_REQUEST_NULL) continue;
      const Remembered* const what = remembered(requests[i]);
      if (what != nullptr && what->persistent && !what->active) continue;
      const Item item{requests[i], operation_of(what), i};
      if (n > 1)
        several_.push_back(item);
      else
        one_ = {item}, has_one_ = true;
    }
  }
  Items(const Items&) = delete;
  Items& operator=(const Items&) = delete;
  [[nodiscard]] std::span<Item> all() noexcept {
    return has_one_ ? std::span<Item>(&one_, 1) : std::span<Item>(several_);
  }

 private:
  Item one_;
  bool has_one_ = false;
  std::vector<Item> several_;
};

bool payload_there(Item& item) {
  if (item.there) return true;
  int flag = 0;
  MPI_Status status;
  PMPI_Request_get_status(item.request, &flag, &status);
  item.there = flag != 0;
  if (item.there && item.operation != nullptr && item.operation->asked_to_cancel()) {
    int cancelled = 0;
    PMPI_Test_cancelled(&status, &cancelled);
    if (cancelled != 0) item.operation->cancel();
  }
  return item.there;
}

bool known(const Item& item) { return item.operation == nullptr || item.operation->progress(); }
bool resolved(Item& item) { return item.resolved = payload_there(item) && known(item); }
Moment completion(const Item& item) { return item.operation == nullptr ? Moment{} : item.operation->completion(); }
bool earlier(const Item& a, const Item& b) {
  return std::pair(completion(a).time, a.index) < std::pair(completion(b).time, b.index);
}

bool all_resolved(std::span<Item> items) {
  bool all = true;
  for (Item& item : items) all = resolved(item) && all;
  return all;
}

/// When the first of those that are resolved is complete; never when none is.
constexpr Time never = INT64_MAX;
Time first_completion(std::span<Item> items) {
  Time first = never;
  for (Item& item : items)
    if (resolved(item)) first = std::min(first, completion(item).time);
  return first;
}

/// The request has been completed by PMPI: forgets what stood for it.
void retire(MPI_Request request) {
  Remembered* const what = remembered(request);
  if (what == nullptr) return;
  what->operation.reset();
  what->active = false;
  if (!what->persistent) state.requests.forget(RequestTable::key_of(request));
}

void advance(Engine& engine, const Item& item) {
  if (item.operation != nullptr) go_on_after(engine, *item.operation);
}

/// The order of real arrival decided. In real time that is the very order that is modelled.
void count_real_order(const Engine& engine, const char* call) {
  if (engine.virtual_time()) count_inexact(call);
}

/// Naps, a millisecond together at most, for what may be on its way. True when all are resolved.
bool try_for_a_while(Engine& engine, std::span<Item> items) {
  constexpr int attempts = 8;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    engine.drain();
    if (all_resolved(items)) return true;
    if (!engine.virtual_time()) return false;
    engine.channel().sleep(Engine::nap_us);
  }
  return false;
}

/// Until one is resolved and, as far as can be seen, none that is not will be complete earlier. Real: until the first
/// is complete, as one that was sent later may be complete earlier.
void wait_for_first(Engine& engine, std::span<Item> items) {
  engine.wait([&] { return until(first_completion(items) != never); });
  for (bool complete = engine.virtual_time(); !complete;) {
    const Time here = engine.clock().wall();  // first: what was sent until then counts
    engine.drain();
    complete = first_completion(items) <= here;
  }
  engine.let_come([&] { return all_resolved(items) ? 0 : first_completion(items); });
}

/// How many a call must complete, and so waits for.
enum class Least { none, one };

/// Those whose completion is not later than now, first come first. Changes the order of @p items.
std::span<const Item> arrived(const Engine& engine, std::span<Item> items, Least least) {
  for (Item& item : items) (void)resolved(item);
  std::ranges::sort(items, [](const Item& a, const Item& b) {
    return a.resolved != b.resolved ? a.resolved : a.resolved ? earlier(a, b) : a.index < b.index;
  });
  const Time now = engine.clock().now().time;
  std::size_t n = 0;
  while (n < items.size() && items[n].resolved && completion(items[n]).time <= now) ++n;
  if (n == 0 && least == Least::one && !items.empty() && items[0].resolved) n = 1;
  return items.first(n);
}

/// Those that @p call completes.
std::span<const Item> gather(Engine& engine, const char* call, std::span<Item> items, Least least) {
  if (!try_for_a_while(engine, items)) {
    if (least == Least::one) wait_for_first(engine, items);
    if (least == Least::none || !all_resolved(items)) count_real_order(engine, call);
  }
  return arrived(engine, items, least);
}

/// Completes one request whose payload is there.
int take(Engine& engine, const Item& item, MPI_Request requests[], MPI_Status* status) {
  advance(engine, item);
  const int code = PMPI_Wait(&requests[item.index], status);
  retire(item.request);
  return code;
}

MPI_Status* at(MPI_Status statuses[], std::size_t i) {
  return statuses == MPI_STATUSES_IGNORE ? MPI_STATUS_IGNORE : &statuses[i];
}

int take_some(Engine& engine, std::span<const Item> there, MPI_Request requests[], int* n_done, int done[],
              MPI_Status statuses[]) {
  *n_done = static_cast<int>(there.size());
  for (std::size_t i = 0; i < there.size(); ++i) {
    done[i] = there[i].index;
    const int code = take(engine, there[i], requests, at(statuses, i));
    if (code != MPI_SUCCESS) return code;
  }
  return MPI_SUCCESS;
}

/// Until all are complete, which @p finish then says to MPI.
template <class Finish>
int wait_for_all(Engine& engine, int n, const MPI_Request requests[], Finish finish) {
  Items active(n, requests);
  const std::span<Item> items = active.all();
  engine.wait([&] {
    bool all_there = true, all_known = true;
    for (Item& item : items) {
      all_there = payload_there(item) && all_there;
      all_known = known(item) && all_known;
    }
    return until(all_there && all_known, all_known ? Waiting::for_payload_only : Waiting::for_stamp);
  });
  const int code = finish();
  std::ranges::sort(items, earlier);
  for (const Item& item : items) {
    advance(engine, item);
    retire(item.request);
  }
  return code;
}

template <class Finish>
int test_for_all(Engine& engine, const char* call, int n, const MPI_Request requests[], int* flag, Finish finish) {
  Items items(n, requests);
  const std::span<const Item> there = gather(engine, call, items.all(), Least::none);
  *flag = there.size() < items.all().size() ? 0 : 1;
  if (*flag == 0) {
    engine.clock().spend(poll_cost);
    return MPI_SUCCESS;
  }
  const int code = finish();
  for (const Item& item : there) {
    advance(engine, item);
    retire(item.request);
  }
  return code;
}

}  // namespace

void remember_operation(MPI_Request request, std::unique_ptr<Operation> operation, bool collective) {
  if (operation == nullptr && !collective) return;
  state.requests.remember(RequestTable::key_of(request), {.collective = collective, .operation = std::move(operation)});
}

void go_on_after(Engine& engine, Operation& operation) {
  const Moment then = operation.completion();
  Clock& clock = engine.clock();
  clock.wait_until(then);
  clock.spend(operation.cost());
  check_not_before("end of a message or collective", clock.now().time, then.time + operation.cost());
  check_not_before("its end on the ideal clock", clock.now().ideal, then.ideal);
  operation.completed();
}

int cancel(Engine& engine, MPI_Request* request) {
  if (Operation* const operation = operation_of(remembered(*request)); operation != nullptr) {
    if (!operation->cancellable())
      refuse("MPI_Cancel", "a send that waits for its receiver cannot be taken back in modelled time");
    operation->ask_to_cancel();
    count_real_order(engine, "MPI_Cancel");  // a message that is really there is not taken back
  }
  return PMPI_Cancel(request);  // of a send that has left: Open MPI never takes it back
}

void forget_operation(MPI_Request request) { retire(request); }

int FreedRequests::free(MPI_Request* request) {
  release_complete();
  const RequestTable::Key key = RequestTable::key_of(*request);
  std::unique_ptr<Modelled> operation;
  if (Remembered* const what = state.requests.find(key); what != nullptr) operation = std::move(what->operation);
  state.requests.forget(key);
  if (operation == nullptr || static_cast<Operation&>(*operation).progress()) return PMPI_Request_free(request);
  all_.push_back({*request, std::move(operation)});
  *request = MPI_REQUEST_NULL;
  return MPI_SUCCESS;
}

void FreedRequests::release_complete() {
  std::erase_if(all_, [](Freed& one) {
    Item item{one.request, static_cast<Operation*>(one.operation.get())};
    if (item.operation->asked_to_cancel()) (void)payload_there(item);
    if (!item.operation->progress()) return false;
    one.operation.reset();
    PMPI_Request_free(&one.request);
    return true;
  });
}

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
  Items items(n, requests);
  if (items.all().empty()) return PMPI_Waitany(n, requests, index, status);
  const Item first = gather(engine, "MPI_Waitany", items.all(), Least::one).front();
  *index = first.index;
  return take(engine, first, requests, status);
}

int wait_some(Engine& engine, int n, MPI_Request requests[], int* n_done, int done[], MPI_Status statuses[]) {
  Items items(n, requests);
  if (items.all().empty()) return PMPI_Waitsome(n, requests, n_done, done, statuses);
  return take_some(engine, gather(engine, "MPI_Waitsome", items.all(), Least::one), requests, n_done, done, statuses);
}

int test_any(Engine& engine, int n, MPI_Request requests[], int* index, int* flag, MPI_Status* status) {
  Items items(n, requests);
  if (items.all().empty()) return PMPI_Testany(n, requests, index, flag, status);
  const std::span<const Item> there = gather(engine, "MPI_Testany", items.all(), Least::none);
  *flag = there.empty() ? 0 : 1;
  if (there.empty()) {
    engine.clock().spend(poll_cost);
    *index = MPI_UNDEFINED;
    return MPI_SUCCESS;
  }
  *index = there.front().index;
  return take(engine, there.front(), requests, status);
}

int test_some(Engine& engine, int n, MPI_Request requests[], int* n_done, int done[], MPI_Status statuses[]) {
  Items items(n, requests);
  if (items.all().empty()) return PMPI_Testsome(n, requests, n_done, done, statuses);
  const std::span<const Item> there = gather(engine, "MPI_Testsome", items.all(), Least::none);
  if (there.empty()) engine.clock().spend(poll_cost);
  return take_some(engine, there, requests, n_done, done, statuses);
}

int get_status(Engine& engine, MPI_Request request, int* flag, MPI_Status* status) {
  Items items(1, &request);
  const std::size_t n = gather(engine, "MPI_Request_get_status", items.all(), Least::none).size();
  if (n == items.all().size()) return PMPI_Request_get_status(request, flag, status);
  engine.clock().spend(poll_cost);
  *flag = 0;
  return MPI_SUCCESS;
}

}  // namespace haloscope::interconnect
