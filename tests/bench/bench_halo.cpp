// SPDX-License-Identifier: BSD-3-Clause
// A halo exchange beside the bare MPI exchange of the same messages.
//
// Counted: one exchange of one-layer faces of cubic boxes, out of many in a row, on the slowest rank. Messages and
// bytes are what one rank sends. The bare exchange sends the same bytes to the same ranks, with persistent requests and
// with Isend and Irecv: no packing, no unpacking, no copies across periodic axes that one rank spans. It writes each
// message before it is sent and reads it after, one contiguous stream each, as any exchange of new values must: that
// moves cache lines between cores. The faster of the two is the lower bound. The rows "stale" send the same unchanged
// bytes over and over, which no solver does; they show what MPI alone costs.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "haloscope/base/handles.hpp"
#include "haloscope/grid/halo.hpp"
#include "measurement.hpp"
#include "report.hpp"

using namespace haloscope;
using namespace haloscope::bench;

namespace {

struct Options {
  std::vector<int> edges{8, 16, 32};
  std::vector<int> fields{1, 3};
  int exchanges = 500, repeats = 31, warmup = 3, triad_mib = 256;
  double target = 1.3;
  bool quick = false;
};

/// The same messages without anything around them.
class BareExchange {
 public:
  BareExchange(const Decomposition& where, int fields) : where_(where) {
    const PerAxis<LocalIndex> n = where.local_cells();
    for (int side = 0; side < n_sides; ++side) {
      const Direction d = direction_of(static_cast<Side>(side));
      const int peer = where.neighbour(d);
      if (peer == MPI_PROC_NULL || peer == where.rank()) continue;
      const auto a = static_cast<std::size_t>(side) / 2;
      const auto size = static_cast<std::size_t>(n[(a + 1) % 3] * n[(a + 2) % 3] * fields);
      messages_.push_back({peer, side, side ^ 1, std::vector<double>(size), std::vector<double>(size)});
    }
    for (Message& m : messages_) {
      MPI_Request r = MPI_REQUEST_NULL;
      check_mpi(MPI_Recv_init(m.in.data(), count(m), MPI_DOUBLE, m.peer, m.tag_in, where.comm(), &r));
      keep(r);
    }
    for (Message& m : messages_) {
      MPI_Request r = MPI_REQUEST_NULL;
      check_mpi(MPI_Send_init(m.out.data(), count(m), MPI_DOUBLE, m.peer, m.tag_out, where.comm(), &r));
      keep(r);
    }
  }

  /// New values to send, and a use for those that came.
  void write() {
    ++round_;
    for (Message& m : messages_) std::ranges::fill(m.out, round_);
  }
  void read() {
    for (const Message& m : messages_) sum_ = std::accumulate(m.in.begin(), m.in.end(), sum_);
  }

  void persistent() {
    const int n = static_cast<int>(started_.size());
    if (n == 0) return;
    check_mpi(MPI_Startall(n, started_.data()));
    check_mpi(MPI_Waitall(n, started_.data(), MPI_STATUSES_IGNORE));
  }

  void point_to_point() {
    std::size_t at = 0;
    for (Message& m : messages_) {
      check_mpi(MPI_Irecv(m.in.data(), count(m), MPI_DOUBLE, m.peer, m.tag_in, where_.comm(), &posted_[at++]));
    }
    for (Message& m : messages_) {
      check_mpi(MPI_Isend(m.out.data(), count(m), MPI_DOUBLE, m.peer, m.tag_out, where_.comm(), &posted_[at++]));
    }
    check_mpi(MPI_Waitall(static_cast<int>(at), posted_.data(), MPI_STATUSES_IGNORE));
  }

  [[nodiscard]] std::size_t bytes() const {
    std::size_t sum = 0;
    for (const Message& m : messages_) sum += m.out.size() * sizeof(double);
    return sum;
  }
  [[nodiscard]] int messages() const { return static_cast<int>(messages_.size()); }

 private:
  struct Message {
    int peer, tag_out, tag_in;
    std::vector<double> out, in;
  };
  static int count(const Message& m) { return static_cast<int>(m.out.size()); }
  void keep(MPI_Request r) {
    owned_.emplace_back(r);
    started_.push_back(r);
    posted_.push_back(MPI_REQUEST_NULL);
  }

  const Decomposition& where_;
  std::vector<Message> messages_;
  std::vector<Request> owned_;
  std::vector<MPI_Request> started_, posted_;
  double round_ = 0;
  volatile double sum_ = 0;
};

/// Rows of one box, number of fields, and kind of boundary.
void measure(Report& report, const Options& options, int edge, int n_fields, bool periodic) {
  int ranks = 1;
  check_mpi(MPI_Comm_size(MPI_COMM_WORLD, &ranks));
  const PerAxis<int> grid = choose_process_grid(ranks, {1 << 20, 1 << 20, 1 << 20});
  const PerAxis<GlobalIndex> cells{GlobalIndex{edge} * grid[0], GlobalIndex{edge} * grid[1],
                                   GlobalIndex{edge} * grid[2]};
  const Decomposition where(MPI_COMM_WORLD, cells, {periodic, periodic, periodic}, grid);
  PhaseClock clock;
  BareExchange bare(where, n_fields);
  std::vector<Field<double>> memory;
  std::vector<FieldView<double>> views;
  for (int f = 0; f < n_fields; ++f) memory.emplace_back(where.local_cells(), 1);
  for (auto& field : memory) views.push_back(field.view());

  const auto often = [&](auto exchange) {
    return [&options, exchange] {
      for (int i = 0; i < options.exchanges; ++i) exchange();
    };
  };
  std::vector<Candidate> candidates{
      {"bare persistent", often([&] { bare.write(), bare.persistent(), bare.read(); })},
      {"bare Isend, Irecv", often([&] { bare.write(), bare.point_to_point(), bare.read(); })},
      {"stale persistent", often([&] { bare.persistent(); })},
  };
  std::vector<Halo<double>> halos;
  for (const HaloMethod method :
       {HaloMethod::persistent, HaloMethod::point_to_point, HaloMethod::neighbor_collective, HaloMethod::mock}) {
    halos.emplace_back(where, method, HaloReach::faces, 1, n_fields, clock);
    const std::size_t h = halos.size() - 1;
    candidates.push_back(
        {fmt::format("halo {}", name(method)), often([&halos, &views, h] { halos[h].end(halos[h].begin(views)); })});
  }
  require(halos[0].bytes() == bare.bytes() && halos[0].messages() == bare.messages(),
          "halo and bare exchange send the same messages");

  const std::vector<Samples> samples = interleave(MPI_COMM_WORLD, candidates, options.repeats, options.warmup);
  const std::size_t bound = spread_of(samples[0]).median <= spread_of(samples[1]).median ? 0 : 1;
  double best = 1e30;
  for (std::size_t c = 0; c < candidates.size(); ++c) {
    const Spread s = spread_of(samples[c]), r = spread_of(ratio(samples[c], samples[bound]));
    report.line(fmt::format("{:>4}³ {:>6}  {:<8} {:>8} {:>7}  {:<26} {:<24} {}", edge, n_fields,
                            periodic ? "periodic" : "walls", bare.messages(), bare.bytes(), candidates[c].name,
                            text(s, 1e-6 * options.exchanges, 2), text(r, 1, 2)));
    if (c >= 3 && c != candidates.size() - 1) best = std::min(best, r.median);
  }
  // Copies across a periodic axis that one rank spans are no part of the bound.
  if (!periodic)
    report.at_most(fmt::format("best method over bare, {}³, {} field(s)", edge, n_fields), best, options.target);
}

void run(Report& report, const Options& options) {
  report.judge_targets(!options.quick);
  if (options.triad_mib > 0) (void)report.print_triad(options.triad_mib);
  report.line(fmt::format("\n{:>5} {:>6}  {:<8} {:>8} {:>7}  {:<26} {:<24} {}", "box", "fields", "boundary", "messages",
                          "bytes", "exchange", "us each (min - max)", "over the faster bare"));
  for (const int edge : options.edges) {
    for (const int fields : options.fields) {
      for (const bool periodic : {false, true}) measure(report, options, edge, fields, periodic);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CommandLine line("A halo exchange beside the bare MPI exchange of the same messages");
  line.option("--edges", options.edges, "cells an edge of a rank's box");
  line.option("--fields", options.fields, "fields an exchange");
  line.option("--exchanges", options.exchanges, "in a row, a sample");
  line.option("--repeats", options.repeats, "samples each", CommandLine::positive);
  line.option("--triad-mib", options.triad_mib, "MiB an array of STREAM; 0: none");
  line.flag("--quick", options.quick, "targets are not judged");
  return run_benchmark(argc, argv, line, [&](Report& report) { run(report, options); });
}
