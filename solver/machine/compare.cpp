// SPDX-License-Identifier: BSD-3-Clause
#include "machine/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>

#include "haloscope/base/errors.hpp"
#include "haloscope/base/handles.hpp"

namespace haloscope {

namespace {

constexpr int listed_values = 8;  ///< of a fact that differs between nodes

template <class T>
std::vector<T> reduced(MPI_Comm comm, std::vector<T> values, MPI_Datatype type, MPI_Op op) {
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), type, op, comm));
  return values;
}

/// A text and how many nodes offer it (or, for a warning, one like it).
struct Told {
  std::string text;
  int nodes = 0;
};

/// For each slot the text of the lowest rank that offers one, known to rank 0 alone; `nodes` is known to all. Two small
/// reductions and a message a slot.
std::vector<Told> first_offers(MPI_Comm leaders, const std::vector<std::string>& texts,
                               const std::vector<bool>& offers) {
  const int rank = rank_in(leaders), nobody = std::numeric_limits<int>::max();
  const std::size_t n = texts.size();
  std::vector<int> owner(n), count(2 * n, 0);
  for (std::size_t slot = 0; slot < n; ++slot) owner[slot] = offers[slot] ? rank : nobody;
  owner = reduced(leaders, owner, MPI_INT, MPI_MIN);
  for (std::size_t slot = 0; slot < n; ++slot) {
    count[slot] = offers[slot] ? 1 : 0;
    count[n + slot] = owner[slot] == rank ? static_cast<int>(texts[slot].size()) : 0;
  }
  count = reduced(leaders, count, MPI_INT, MPI_SUM);
  std::vector<Told> told(n);
  for (std::size_t slot = 0; slot < n; ++slot) {
    told[slot].nodes = count[slot];
    if (owner[slot] == nobody) continue;
    const int tag = static_cast<int>(slot), length = count[n + slot];
    if (owner[slot] == rank) {
      told[slot].text = texts[slot];
      if (rank != 0) check_mpi(MPI_Send(texts[slot].data(), length, MPI_CHAR, 0, tag, leaders));
    } else if (rank == 0) {
      told[slot].text.resize(static_cast<std::size_t>(length));
      check_mpi(MPI_Recv(told[slot].text.data(), length, MPI_CHAR, owner[slot], tag, leaders, MPI_STATUS_IGNORE));
    }
  }
  return told;
}

std::string joined(std::vector<Told> values, int nodes) {
  if (values.size() == 1) return values[0].text;
  std::stable_sort(values.begin(), values.end(), [](const Told& a, const Told& b) { return a.nodes > b.nodes; });
  std::string text;
  for (const Told& value : values) {
    text +=
        fmt::format("{}{} ({} node{})", text.empty() ? "" : "; ", value.text, value.nodes, value.nodes == 1 ? "" : "s");
    nodes -= value.nodes;
  }
  if (nodes > 0) text += fmt::format("; others ({} node{})", nodes, nodes == 1 ? "" : "s");
  return text;
}

}  // namespace

/// The nodes compare hashes, one distinct value of each fact a round.
Facts compared_facts(MPI_Comm leaders, const Facts& facts) {
  constexpr std::uint64_t done = std::numeric_limits<std::uint64_t>::max();
  const std::size_t n = facts.size();
  std::vector<std::string> texts;
  std::vector<std::uint64_t> hashes;
  for (const auto& [key, text] : facts) {
    texts.push_back(text);
    hashes.push_back(std::hash<std::string>{}(text) >> 1);
  }
  std::vector<std::vector<Told>> values(n);
  for (int round = 0; round < listed_values; ++round) {
    const auto least = reduced(leaders, hashes, MPI_UINT64_T, MPI_MIN);
    if (std::all_of(least.begin(), least.end(), [](std::uint64_t hash) { return hash == done; })) break;
    std::vector<bool> offers(n);
    for (std::size_t slot = 0; slot < n; ++slot) offers[slot] = hashes[slot] != done && hashes[slot] == least[slot];
    const auto told = first_offers(leaders, texts, offers);
    for (std::size_t slot = 0; slot < n; ++slot) {
      if (told[slot].nodes > 0) values[slot].push_back(told[slot]);
      if (offers[slot]) hashes[slot] = done;
    }
  }
  Facts all;
  std::size_t slot = 0;
  for (const auto& [key, text] : facts) all[key] = joined(values[slot++], ranks_in(leaders));
  return all;
}

std::vector<std::string> compared_warnings(MPI_Comm leaders, const std::vector<std::string>& lines) {
  std::vector<bool> offers;
  for (const std::string& line : lines) offers.push_back(!line.empty());
  std::vector<std::string> warnings;
  for (const Told& told : first_offers(leaders, lines, offers)) {
    if (told.nodes == 0) continue;
    const std::string like =
        told.nodes > 1 ? fmt::format("; the same kind on {} nodes of {}", told.nodes, ranks_in(leaders)) : "";
    warnings.push_back(told.text + like);
  }
  return warnings;
}

}  // namespace haloscope
