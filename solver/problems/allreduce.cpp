// SPDX-License-Identifier: BSD-3-Clause
// The messages of data-parallel training: every rank computes all gradients for its own data, and each bucket of them
// is summed over the ranks while the next one is computed, from the last layer to the first (Li et al., PyTorch
// Distributed, PVLDB 13(12), 2020, sections 3.2.2 and 3.2.3).
//
// Cost model of a step: parameters x operations multiply-adds, and a sum of 4 parameters bytes, a rank. With overlap
// one sum is in flight at a time, the others wait for it, as they do in the queue of one communicator there: a modelled
// network would give each of several all of its bandwidth. But here the computing of the bucket after next waits, too.
//
// Gradients are whole numbers, the product of a factor that belongs to parameter and step and one that belongs to the
// rank. Sums of such are exact in a float below 2^24, in whatever order, and known without communication.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

#include "haloscope/base/handles.hpp"
#include "haloscope/case/kinds.hpp"
#include "haloscope/problems/workload.hpp"
#include "problems/allreduce.hpp"

namespace haloscope {

namespace {

constexpr double bytes_per_operation = 8;  ///< that the cost model hears of: a number read and written
constexpr int largest_parameter_factor = 64, largest_rank_factor = 4;
constexpr int most_ranks = (1 << 24) / (largest_parameter_factor * largest_rank_factor);

/// 1 … 64; neighbours differ, and so do neighbouring steps.
float parameter_factor(std::int64_t parameter, std::int64_t step) noexcept {
  const auto mixed = static_cast<std::uint32_t>(parameter) * 37U + static_cast<std::uint32_t>(step) * 11U;
  return static_cast<float>(1 + static_cast<int>(mixed % largest_parameter_factor));
}
int rank_factor(int rank) noexcept { return 1 + rank % largest_rank_factor; }

/// A multiply-add that comes back to where it began every second time: x -> constant - x.
struct Operation {
  float factor, constant;
};

/// The gradients from number @p first on. In blocks that stay in the registers or the nearest cache.
void burst(std::span<float> gradients, std::int64_t first, std::int64_t step, float of_rank, int operations,
           Operation operation) noexcept {
  constexpr std::size_t block = 128;
  const float begins_with = operations % 2 == 0 ? 0 : operation.constant, sign = operations % 2 == 0 ? 1.0F : -1.0F;
  std::array<float, block> x{};
  for (std::size_t done = 0; done < gradients.size(); done += block) {
    for (std::size_t i = 0; i < block; ++i)
      x[i] = begins_with + sign * of_rank * parameter_factor(first + static_cast<std::int64_t>(done + i), step);
    for (int n = 0; n < operations; ++n)
      for (std::size_t i = 0; i < block; ++i) x[i] = operation.factor * x[i] + operation.constant;
    std::copy_n(x.begin(), std::min(block, gradients.size() - done),
                gradients.begin() + static_cast<std::ptrdiff_t>(done));
  }
}

class AllreduceWorkload final : public Workload {
 public:
  AllreduceWorkload(MPI_Comm comm, const Case& settings, PhaseClock& clock)
      : settings_(settings.own.of<AllreduceCase>()),
        clock_(clock),
        comm_(make_communicator(comm)),
        rank_(rank_in(comm)) {
    const int ranks = ranks_in(comm);
    require(ranks <= most_ranks, "sums of gradients are exact on at most 65536 ranks");
    require(settings_.parameters / settings_.buckets < std::numeric_limits<int>::max(),
            "MPI counts a bucket in an int");
    for (int rank = 0; rank < ranks; ++rank) sum_of_rank_factors_ += static_cast<float>(rank_factor(rank));
    gradients_.resize(static_cast<std::size_t>(settings_.parameters));
  }

  std::map<std::string, std::string> attributes() const override {
    const double bytes = static_cast<double>(sizeof(float)) * static_cast<double>(settings_.parameters);
    return {{"method", fmt::format("{} gradients a rank in {} bucket{}, {}, {} multiply-adds each",
                                   settings_.parameters, settings_.buckets, settings_.buckets == 1 ? "" : "s",
                                   settings_.overlap ? "summed while the next is computed" : "summed one by one",
                                   settings_.operations)},
            {"work_unit", "bytes reduced"},
            {"work_per_step", fmt::format("{:.0f}", bytes * ranks_in(comm_.get()))}};
  }

  std::vector<std::string> quantities() const override { return {"sum_errors"}; }

  void prepare() override { ++step_; }

  void step() override {
    for (int bucket = settings_.buckets - 1; bucket >= 0; --bucket) {
      compute(bucket);
      if (settings_.overlap)
        begin_sum(bucket);
      else
        sum(bucket);
    }
    wait();
  }

  /// Sums with a wrong value in this step, on all ranks.
  std::vector<double> outcome() override {
    std::int64_t errors = 0;
    for (std::size_t i = 0; i < gradients_.size(); ++i)
      errors += gradients_[i] != sum_of_rank_factors_ * parameter_factor(static_cast<std::int64_t>(i), step_) ? 1 : 0;
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, &errors, 1, MPI_INT64_T, MPI_SUM, comm_.get()));
    errors_ += static_cast<double>(errors);
    return {static_cast<double>(errors)};
  }

  double quantity(const std::string& name) override { return name == "sum_errors" ? errors_ : std::nan(""); }

 private:
  [[nodiscard]] std::int64_t first_of(int bucket) const noexcept {
    return settings_.parameters / settings_.buckets * bucket +
           std::min<std::int64_t>(bucket, settings_.parameters % settings_.buckets);
  }
  [[nodiscard]] std::span<float> gradients_of(int bucket) noexcept {
    const auto begin = static_cast<std::size_t>(first_of(bucket)), end = static_cast<std::size_t>(first_of(bucket + 1));
    return std::span(gradients_).subspan(begin, end - begin);
  }

  void compute(int bucket) {
    const ScopedPhase phase(clock_, Phase::burst);
    const std::span<float> gradients = gradients_of(bucket);
    clock_.work(bytes_per_operation * settings_.operations * static_cast<double>(gradients.size()));
    burst(gradients, first_of(bucket), step_, static_cast<float>(rank_factor(rank_)), settings_.operations,
          {factor_, constant_});
  }

  void sum(int bucket) {
    const ScopedPhase phase(clock_, Phase::reduce);
    const std::span<float> gradients = gradients_of(bucket);
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, gradients.data(), static_cast<int>(gradients.size()), MPI_FLOAT, MPI_SUM,
                            comm_.get()));
  }

  void begin_sum(int bucket) {
    wait();
    const ScopedPhase phase(clock_, Phase::reduce);
    const std::span<float> gradients = gradients_of(bucket);
    check_mpi(MPI_Iallreduce(MPI_IN_PLACE, gradients.data(), static_cast<int>(gradients.size()), MPI_FLOAT, MPI_SUM,
                             comm_.get(), &in_flight_));
  }

  /// For the sum in flight, if there is one.
  void wait() {
    if (in_flight_ == MPI_REQUEST_NULL) return;
    const ScopedPhase phase(clock_, Phase::wait);
    check_mpi(MPI_Wait(&in_flight_, MPI_STATUS_IGNORE));
  }

  const AllreduceCase& settings_;
  PhaseClock& clock_;
  Communicator comm_;
  int rank_ = 0;
  float sum_of_rank_factors_ = 0;
  volatile float factor_ = -1, constant_ = 512;  ///< volatile: the compiler is not to know what they come to
  std::vector<float> gradients_;
  MPI_Request in_flight_ = MPI_REQUEST_NULL;
  std::int64_t step_ = 0;
  double errors_ = 0;
};

void add_keys(Schema<Case>& keys) {
  keys.table("allreduce",
             "Data-parallel training as its messages see it: a step computes gradients, bucket by bucket, and sums "
             "each over all ranks. Only in a case of problem `allreduce`.");
  keys.add("parameters", integer<std::int64_t>(1), own(&AllreduceCase::parameters))
      .means("gradients of 4 bytes on each rank");
  keys.add("buckets", integer<int>(1), own(&AllreduceCase::buckets))
      .means("reductions a step; at most as many as parameters");
  keys.add("overlap", boolean(), own(&AllreduceCase::overlap))
      .means(
          "a bucket is summed (`MPI_Iallreduce`) while the next is computed; false: each sum is waited for "
          "(`MPI_Allreduce`)");
  keys.add("operations", integer<int>(1), own(&AllreduceCase::operations))
      .means("multiply-adds of the computing for each parameter");
}

void check(const Case& c, const Origin& origin) {
  const auto& a = c.own.of<AllreduceCase>();
  if (a.buckets > a.parameters)
    refuse(origin, c, "allreduce.buckets", fmt::format("must be at most the {} parameters", a.parameters));
  constexpr std::int64_t most = std::numeric_limits<int>::max();  // of one reduction
  if ((a.parameters - 1) / a.buckets + 1 > most)
    refuse(origin, c, "allreduce.buckets", fmt::format("must be more: a bucket holds at most {} parameters", most));
}

std::int64_t shrink(Case& settings) {
  constexpr std::int64_t part = 4;
  auto& c = settings.own.of<AllreduceCase>();
  c.parameters = std::max(c.parameters / part, std::int64_t{c.buckets});
  return part;
}

}  // namespace

const Problem& allreduce_problem() {
  static const Problem problem = {
      .name = "allreduce",
      .add_keys = add_keys,
      .phases = {Phase::other, Phase::burst, Phase::wait, Phase::reduce},
      .quantities = {{.name = "sum_errors"}},
      .calibrated_sizes = "all parameters, a quarter and a sixteenth of them",
      .check = check,
      .shrink = shrink,
      .make = make_workload_of<AllreduceWorkload>,
  };
  return problem;
}

}  // namespace haloscope
