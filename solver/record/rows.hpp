// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file rows.hpp
/// The steps that a record keeps back, and how they come into the file: dealt out to at most 64 ranks, each of which
/// writes its steps of all ranks in long pieces.
///
/// A row is one step of one rank, as 8-byte words, the columns of the file one after the other. HDF5's collective
/// transfer would deal them out inside MPI-IO, but that of Open MPI 4.1 writes every step of every rank by a call of
/// its own (25 ms a second of 1 ms steps on two ranks) and reports success when the system refused to write.
#include <mpi.h>

#include <cstdint>
#include <vector>

#include "record/columns.hpp"

namespace haloscope {

class Rows {
 public:
  /// Of this rank of @p comm, which must outlive it.
  Rows(MPI_Comm comm, const RecordHeader& header);

  /// Opens the columns of a file that is open on all ranks. Collective. @throws hdf5::Error, as those below
  void open(hid_t file);
  void close() noexcept;
  /// Writes "missing" into the steps [@p begin, @p end) of all ranks. Not collective.
  void write_missing(std::int64_t begin, std::int64_t end) const;

  /// @pre kept() < capacity()
  void keep(const StepTimes& times);
  [[nodiscard]] std::int64_t kept() const noexcept { return kept_; }
  [[nodiscard]] std::int64_t capacity() const noexcept { return capacity_; }

  /// Brings the rows that are kept to those who write them. Collective. @throws LibraryError
  void deal_out();
  /// Write the rows that this rank was dealt: all columns but step_seconds, and step_seconds. @p first: the step of the
  /// file that is the first kept. Not collective.
  void write_all_but_step_seconds(std::int64_t first) const;
  void write_step_seconds(std::int64_t first) const;
  /// The rows that were kept are in the file.
  void forget() noexcept { kept_ = 0; }

 private:
  /// A column with its data set, and its place in a row.
  struct OpenColumn {
    Column what;
    hdf5::Dataset set;
    std::size_t begin, width;
  };
  void write(const OpenColumn& column, std::int64_t first) const;

  MPI_Comm comm_;
  int rank_, ranks_, writers_;
  std::vector<Phase> phases_;
  std::vector<OpenColumn> columns_;
  std::size_t width_ = 0;  ///< of a row [words]
  std::int64_t capacity_ = 0, kept_ = 0;
  std::vector<Word> rows_;                      ///< (step, word): kept
  std::vector<Word> dealt_;                     ///< (rank, step, word): of the steps that this rank writes
  std::int64_t first_dealt_ = 0, n_dealt_ = 0;  ///< these steps, counted from the first kept
};

/// Writes @p missing into the steps [@p begin, @p end) of a data set whose first extent is the steps.
void write_missing(const hdf5::Dataset& set, hid_t type, Word missing, std::int64_t begin, std::int64_t end);

}  // namespace haloscope
