// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file columns.hpp
/// The columns of a run file: the data sets under /timing, each with a value a step of every rank, or of every phase of
/// it. All code that creates, writes or sums up these data sets goes by this table.
#include <array>
#include <bit>
#include <limits>
#include <ranges>
#include <variant>

#include "haloscope/record/hdf5.hpp"
#include "haloscope/record/record.hpp"

namespace haloscope {

/// A value as it travels and lies in memory: the bits of a double, or of a count.
using Word = std::uint64_t;
inline constexpr Word missing_real = std::bit_cast<Word>(std::numeric_limits<double>::quiet_NaN());
inline constexpr Word missing_count = std::bit_cast<Word>(std::int64_t{-1});

struct Column {
  const char* name;
  std::variant<double StepTimes::*, PerPhase<double> StepTimes::*, PerPhase<std::int64_t> StepTimes::*> of;
  PerPhase<double> RunFile::*sum = nullptr;  ///< where a reader sums it up; null: nowhere
  bool needs_virtual_clock = false;

  [[nodiscard]] constexpr bool per_phase() const noexcept { return of.index() > 0; }
  [[nodiscard]] constexpr bool counts() const noexcept { return of.index() == 2; }
  [[nodiscard]] std::size_t width(std::size_t phases) const noexcept { return per_phase() ? phases : 1; }
  [[nodiscard]] hid_t type() const { return counts() ? H5T_NATIVE_INT64 : H5T_NATIVE_DOUBLE; }
  [[nodiscard]] constexpr Word missing() const noexcept { return counts() ? missing_count : missing_real; }
};

/// In the order of their places in the file. step_seconds is first here and written last.
inline constexpr std::array<Column, 10> all_columns{{
    {"step_seconds", &StepTimes::seconds},
    {"step_start_seconds", &StepTimes::start},
    {"phase_seconds", &StepTimes::phase_seconds, &RunFile::phase_seconds},
    {"point_to_point_seconds", &StepTimes::point_to_point_seconds, &RunFile::point_to_point_seconds},
    {"collective_seconds", &StepTimes::collective_seconds, &RunFile::collective_seconds},
    {"compute_seconds", &StepTimes::compute_seconds, nullptr, true},
    {"ideal_seconds", &StepTimes::ideal_seconds, nullptr, true},
    {"messages", &StepTimes::messages, &RunFile::messages},
    {"bytes", &StepTimes::bytes, &RunFile::bytes},
    {"collectives", &StepTimes::collectives, &RunFile::collectives},
}};

/// Those of a file with @p header.
[[nodiscard]] inline auto columns_of(const RecordHeader& header) {
  const bool all = header.clock == "virtual";
  return all_columns | std::views::filter([all](const Column& column) { return all || !column.needs_virtual_clock; });
}

}  // namespace haloscope
