// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/engine/collectives.hpp"

#include <algorithm>
#include <cstring>

#include "interconnect/account/counters.hpp"
#include "interconnect/account/honesty.hpp"
#include "interconnect/engine/communicators.hpp"
#include "interconnect/engine/completion.hpp"
#include "interconnect/engine/recipe.hpp"

namespace haloscope::interconnect {

namespace {

using Price = CollectiveOperation::Price;
using Where = CollectiveOperation::Where;

/// After its rounds every rank has heard, if through others, from all.
bool all_have_come(const Asked& asked) noexcept {
  if (asked.neighbors) return false;
  switch (asked.collective) {
    case Collective::barrier:
    case Collective::allreduce:
    case Collective::allgather:
    case Collective::reduce_scatter:
      return true;
    case Collective::alltoall:
      return asked.blocks.empty();
    default:
      return false;
  }
}

/// Those whose bits depend on the order in which they are made.
bool is_rooted_reduction(const Asked& asked) noexcept {
  return asked.collective == Collective::reduce || asked.collective == Collective::scan ||
         asked.collective == Collective::exscan;
}

bool is_valid(const CommunicatorInfo& info, const Asked& asked) noexcept {
  if (asked.root < 0 || asked.root >= static_cast<int>(info.world.size()) || asked.bytes < 0) return false;
  const auto negative = [](std::int64_t bytes) { return bytes < 0; };
  return std::ranges::none_of(asked.blocks, negative) && std::ranges::none_of(asked.receive_blocks, negative);
}

/// Its elements follow each other without holes, in the order of their bytes.
bool is_dense(MPI_Datatype type) {
  MPI_Aint begin = 0, extent = 0, true_begin = 0, true_extent = 0;
  PMPI_Type_get_extent(type, &begin, &extent);
  PMPI_Type_get_true_extent(type, &true_begin, &true_extent);
  const long long size = size_of(1, type);
  return begin == 0 && true_begin == 0 && extent == size && true_extent == size;
}

bool can_carry(const Engine& engine, const Schedule& schedule, const Asked& asked, const Data& data) {
  if (asked.bytes > CarriedValue::capacity || !engine.is_eager_to_all(asked.bytes)) return false;
  if (asked.collective == Collective::bcast) return schedule.algorithm == Algorithm::binomial;
  if (asked.collective != Collective::allreduce || schedule.algorithm != Algorithm::recursive_doubling) return false;
  int commutes = 0;
  PMPI_Op_commutative(data.op, &commutes);
  return commutes != 0 && is_dense(data.type);
}

Payload payload_of(const Engine& engine, const Plan& plan, const Asked& asked, const Data& data) {
  if (asked.collective == Collective::barrier && !asked.neighbors) return Payload::carried;
  if (asked.twofold) return Payload::after;
  if (plan.schedule.rounds->empty()) return Payload::beside;
  if (data.n > 0 && can_carry(engine, plan.schedule, asked, data)) return Payload::carried;
  if (all_have_come(asked)) return Payload::after;
  return plan.meet && engine.virtual_time() ? Payload::after : Payload::beside;
}

bool takes_part(const CollectiveRounds& rounds) noexcept {
  return std::ranges::any_of(
      rounds, [](const CollectiveRound& round) { return !round.sends.empty() || !round.receives.empty(); });
}

Price price_in_network(const Asked& asked, int rank) noexcept {
  if (asked.collective == Collective::bcast) return rank == asked.root ? Price::into_network : Price::out_of_network;
  if (asked.collective == Collective::reduce && rank != asked.root) return Price::into_network;
  return Price::network;
}

void wait_for(Engine& engine, CollectiveOperation& operation) {
  engine.wait([&] { return until(operation.progress()); });
}

std::unique_ptr<Operation> post(Engine& engine, const Plan& plan, std::uint64_t context) {
  if (!takes_part(*plan.schedule.rounds)) return nullptr;
  auto operation =
      std::make_unique<CollectiveOperation>(engine, plan.schedule.rounds, context, plan.price, Where::in_background);
  (void)operation->progress();  // what it sends at once is on its way before the program goes on
  return operation;
}

}  // namespace

Plan plan_of(Engine& engine, const char* name, const Asked& asked, const Data& data) {
  CommunicatorInfo& info = info_of(asked.comm);
  if (info.inter) refuse(name, "collectives on intercommunicators are not modelled");
  Plan plan;
  if (info.world.size() < 2 || !is_valid(info, asked)) {
    plan.payload = Payload::alone;
    plan.schedule.rounds = std::make_shared<CollectiveRounds>();
    return plan;
  }
  plan.schedule = engine.schedules().of(engine.settings().profile, asked);
  plan.context = mix(info.context ^ mix(++info.collectives));
  plan.price = plan.schedule.algorithm == Algorithm::offload ? price_in_network(asked, info.rank) : Price::messages;
  plan.meet = asked.neighbors ? asked.twofold : is_rooted_reduction(asked);
  plan.payload = payload_of(engine, plan, asked, data);
  return plan;
}

void finish_rounds(Engine& engine, const Plan& plan, const Asked& asked) {
  CollectiveOperation operation(engine, plan.schedule.rounds, plan.context, plan.price, Where::in_call);
  wait_for(engine, operation);
  engine.clock().wait_until(operation.completion());
  if (plan.meet) {
    CollectiveOperation meeting(engine, engine.schedules().meeting_of(asked.comm), ~plan.context, Price::nothing,
                                Where::in_call);
    wait_for(engine, meeting);
  }
  engine.wait([&] { return until(engine.channel().all_left()); });
}

void finish_carried(Engine& engine, const Plan& plan, const Asked& asked, const Data& data) {
  const CommunicatorInfo& info = info_of(asked.comm);
  const auto size = static_cast<std::size_t>(asked.bytes);
  const bool reduces = asked.collective == Collective::allreduce;
  CarriedValue value = reduces ? CarriedValue(info.rank, data.n, data.type, data.op) : CarriedValue();
  int position = 0;
  if (reduces)
    std::memcpy(value.data(), data.s == MPI_IN_PLACE ? data.r : data.s, size);
  else if (asked.bytes > 0 && info.rank == asked.root)
    PMPI_Pack(data.r, data.n, data.type, value.data(), CarriedValue::capacity, &position, asked.comm);
  CollectiveOperation operation(engine, plan.schedule.rounds, plan.context, plan.price, Where::in_call,
                                asked.bytes > 0 ? &value : nullptr);
  wait_for(engine, operation);
  engine.clock().wait_until(operation.completion());
  if (reduces)
    std::memcpy(data.r, value.data(), size);
  else if (asked.bytes > 0 && info.rank != asked.root)
    PMPI_Unpack(value.data(), CarriedValue::capacity, &position, data.r, data.n, data.type, asked.comm);
}

int finish_beside(Engine& engine, const Plan& plan, MPI_Request request) {
  CollectiveOperation operation(engine, plan.schedule.rounds, plan.context, plan.price, Where::in_call);
  int code = MPI_SUCCESS;
  complete(engine, &operation, [&] {
    int done = 0;
    code = PMPI_Test(&request, &done, MPI_STATUS_IGNORE);
    return done != 0 || code != MPI_SUCCESS;
  });
  return code;
}

void leave_in_flight(Engine& engine, const Plan& plan, MPI_Request request, bool collective) {
  remember_operation(request, post(engine, plan, plan.context), collective);
}

void remember_collective(MPI_Request request, const char* name, const Asked& asked) {
  Engine* const engine = modelled_engine();
  if (engine == nullptr) return;
  const auto start = [plan = plan_of(*engine, name, asked, {}), starts = std::uint64_t{0}](
                         Engine& here, MPI_Request) mutable { return post(here, plan, mix(plan.context ^ ++starts)); };
  remember_recipe(request, start);
}

}  // namespace haloscope::interconnect
