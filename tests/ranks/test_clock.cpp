// SPDX-License-Identifier: BSD-3-Clause
// Models of clocks against a truth that the ranks of one machine share: its monotonic clock.
#include <mpi.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <thread>

#include "catch.hpp"
#include "haloscope/base/clock_alignment.hpp"
#include "haloscope/base/handles.hpp"
#include "world.hpp"

using namespace haloscope;

namespace {

struct Planted {
  double offset = 0, drift = 0;  // of this rank's clock against the shared one
};
Planted planted;
double epoch = 0;  // drifts count from here [s]

double shared_clock() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
double planted_clock() {
  const double now = shared_clock();
  return now + planted.offset + planted.drift * (now - epoch);
}

/// Rank 0's clock less this rank's aligned, at a moment of the shared clock.
double error_at(const ClockModel& model, double shared) {
  const double mine = shared + planted.offset + planted.drift * (shared - epoch);
  return shared - model(mine);
}

void plant(double offset, double drift) {
  epoch = shared_clock();
  MPI_Bcast(&epoch, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD);
  planted = {offset * rank_of_world(), drift * rank_of_world()};
}

/// The largest over the ranks.
double worst(double value) {
  double largest = std::abs(value);
  MPI_Allreduce(MPI_IN_PLACE, &largest, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  return largest;
}

/// MPI_Wtime less the shared clock on this rank, and how far off this reading may be.
struct Reading {
  double seconds = 0, uncertainty = 1e9;
};
Reading own_clock() {
  Reading best;
  for (int i = 0; i < 100; ++i) {
    const double before = shared_clock(), now = MPI_Wtime(), after = shared_clock();
    const double half = 0.5 * (after - before);
    if (half < best.uncertainty) best = {now - before - half, half};
  }
  return best;
}

constexpr double rounding = 1e-9;        // of a clock that counts from far back [s]
constexpr double wtime_rounding = 1e-6;  // MPI_Wtime may tick in microseconds

}  // namespace

TEST_CASE("a planted offset is recovered within the stated uncertainty") {
  const double step = GENERATE(0.05, -3.5, 1000.0);
  plant(step, 0);
  const Communicator comm = make_communicator(MPI_COMM_WORLD);
  const ClockModel model = align_along_tree(comm.get(), planted_clock, {});
  CHECK(std::abs(error_at(model, shared_clock())) <= model.uncertainty + rounding);
  CHECK(model.drift == 0);
  if (rank_of_world() == 0) {
    CHECK(model.offset == 0);
    CHECK(model.uncertainty == 0);
    CHECK(model.residual == 0);
  } else {
    CHECK(model.uncertainty > 0);
    CHECK(model.uncertainty < 1000);
  }
}

TEST_CASE("a planted offset of 50 ms and drift of 10 ppm are recovered to 1 us") {
  const Communicator comm = make_communicator(MPI_COMM_WORLD);
  ClockModel model;
  double bound = 1, begin = 0, end = 0;
  // The bound counts half of each round trip; the error is far below it, unless the machine never ran both ranks of a
  // pair at once. It says so by its round trips, and gets more than one chance. Ranks that share a core are never sure
  // to run at once.
  const bool cores_enough = static_cast<unsigned>(ranks_of_world()) <= std::thread::hardware_concurrency();
  for (int attempt = 0; attempt < (cores_enough ? 5 : 1) && bound > 5e-6; ++attempt) {
    plant(0.05, 1e-5);
    model = align_along_tree(comm.get(), planted_clock, {.instants = 50, .seconds = 0.4});
    end = shared_clock();
    begin = end - 0.6;
    bound = worst(model.uncertainty + model.drift_uncertainty * 0.5);
  }
  const double before = worst(error_at(model, begin)), after = worst(error_at(model, end)),
               residual = worst(model.residual), drift = worst(model.drift - (1 / (1 + planted.drift) - 1));
  if (rank_of_world() == 0)
    std::printf(
        "clocks of %d ranks: error %.3f us at the start, %.3f us at the end; residual %.3f us, bound %.3f us, "
        "drift off by %.4f ppm\n",
        ranks_of_world(), 1e6 * before, 1e6 * after, 1e6 * residual, 1e6 * bound, 1e6 * drift);
  // What is stated holds, always.
  const auto stated = [&](double shared) {
    const double mine = shared + planted.offset + planted.drift * (shared - epoch);
    return model.uncertainty + model.drift_uncertainty * std::abs(mine - model.since) + rounding;
  };
  CHECK(std::abs(error_at(model, begin)) <= stated(begin));
  CHECK(std::abs(error_at(model, end)) <= stated(end));
  if (cores_enough && bound <= 5e-6) {
    CHECK(before <= 1e-6);
    CHECK(after <= 1e-6);
  } else if (rank_of_world() == 0) {
    WARN("the ranks of a pair do not run at once here: clocks are held to the stated bound, not to a microsecond");
  }
}

TEST_CASE("the second round and a later look see what the model misses") {
  const Communicator comm = make_communicator(MPI_COMM_WORLD);
  plant(0.05, 0);
  const ClockModel model = align_along_tree(comm.get(), planted_clock, {});
  planted.offset += 1e-3 * rank_of_world();  // as a clock whose rate wandered
  const double later = residual_along_tree(comm.get(), planted_clock, model);
  const double expected = -1e-3 * rank_of_world();
  // Known to half of its round trips, as the model is: a slow pair widens both.
  CHECK(std::abs(later - expected) < 0.5e-3 + 2 * worst(model.uncertainty));
  CHECK(std::abs(model.residual) < 0.5e-3 + 2 * worst(model.uncertainty));
}

TEST_CASE("aligned clocks of one machine read the same, wherever each began") {
  const ClockModel model = align_clock(MPI_COMM_WORLD);
  const double shared_before = shared_clock();
  const Reading mine = own_clock();
  double of_root[] = {mine.seconds, mine.uncertainty};
  MPI_Bcast(of_root, 2, MPI_DOUBLE, 0, MPI_COMM_WORLD);
  const double error = model(shared_before + mine.seconds) - (shared_before + of_root[0]);
  CHECK(std::abs(error) <= model.uncertainty + mine.uncertainty + of_root[1] + wtime_rounding);
  CHECK(model.drift == 0);  // one crystal
  if (rank_of_world() == 0) CHECK(model.offset == 0);
}
