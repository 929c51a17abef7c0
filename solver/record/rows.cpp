// SPDX-License-Identifier: BSD-3-Clause
#include "record/rows.hpp"

#include <algorithm>

#include "haloscope/base/errors.hpp"

namespace haloscope {

using hdf5::check;

namespace {

constexpr std::int64_t most_kept = 8192;                  ///< steps; at most 8 MB
constexpr int most_writers = 64;                          ///< ranks that write
constexpr std::int64_t most_dealt = 50000;                ///< rows that one of them holds; at most 49 MB
constexpr std::size_t fill_block = std::size_t{4} << 20;  ///< [bytes]

/// MPI's type of a row of @p width words.
MPI_Datatype row_type(std::size_t width) {
  MPI_Datatype type = MPI_DATATYPE_NULL;
  check_mpi(MPI_Type_contiguous(static_cast<int>(width), MPI_UINT64_T, &type));
  check_mpi(MPI_Type_commit(&type));
  return type;
}

}  // namespace

Rows::Rows(MPI_Comm comm, const RecordHeader& header)
    : comm_(comm),
      rank_(rank_in(comm)),
      ranks_(ranks_in(comm)),
      writers_(std::min(ranks_, most_writers)),
      phases_(header.phases) {
  require(header.steps >= 1, "a record has at least one step");
  for (const Column& column : columns_of(header)) {
    columns_.push_back({column, {}, width_, column.width(phases_.size())});
    width_ += columns_.back().width;
  }
  capacity_ = std::min(header.steps, std::clamp(most_dealt * writers_ / ranks_, std::int64_t{100}, most_kept));
  rows_.resize(static_cast<std::size_t>(capacity_) * width_);
}

void Rows::open(hid_t file) {
  for (OpenColumn& column : columns_)
    column.set =
        hdf5::Dataset(check(H5Dopen2(file, (std::string("/timing/") + column.what.name).c_str(), H5P_DEFAULT)));
}

void Rows::close() noexcept {
  for (OpenColumn& column : columns_) column.set.reset();
}

void Rows::write_missing(std::int64_t begin, std::int64_t end) const {
  for (const OpenColumn& column : columns_)
    haloscope::write_missing(column.set, column.what.type(), column.what.missing(), begin, end);
}

void Rows::keep(const StepTimes& times) {
  for (int p = 0; p < n_phases; ++p)
    require(times.phase_seconds[static_cast<std::size_t>(p)] == 0 || std::ranges::count(phases_, Phase{p}) == 1,
            "every phase that took time is among the recorded ones");
  Word* word = &rows_[static_cast<std::size_t>(kept_++) * width_];
  const auto put = [&](const auto& values) {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(values)>, double>)
      *word++ = std::bit_cast<Word>(values);
    else
      for (const Phase phase : phases_) *word++ = std::bit_cast<Word>(values[static_cast<std::size_t>(phase)]);
  };
  for (const OpenColumn& column : columns_) std::visit([&](const auto member) { put(times.*member); }, column.what.of);
}

void Rows::deal_out() {
  const auto at = [](int index) { return static_cast<std::size_t>(index); };
  std::vector<int> send(at(ranks_), 0), send_from(at(ranks_), 0), receive(at(ranks_), 0), receive_at(at(ranks_), 0);
  first_dealt_ = n_dealt_ = 0;
  for (int writer = 0; writer < writers_; ++writer) {
    const auto to = static_cast<int>(std::int64_t{writer} * ranks_ / writers_);
    const std::int64_t begin = kept_ * writer / writers_, end = kept_ * (writer + 1) / writers_;
    send_from[at(to)] = static_cast<int>(begin);
    send[at(to)] = static_cast<int>(end - begin);
    if (to != rank_) continue;
    first_dealt_ = begin;
    n_dealt_ = end - begin;
  }
  for (int from = 0; from < ranks_; ++from) {
    receive[at(from)] = static_cast<int>(n_dealt_);
    receive_at[at(from)] = static_cast<int>(from * n_dealt_);
  }
  dealt_.resize(at(ranks_) * static_cast<std::size_t>(n_dealt_) * width_);
  MPI_Datatype row = row_type(width_);
  const int code = MPI_Alltoallv(rows_.data(), send.data(), send_from.data(), row, dealt_.data(), receive.data(),
                                 receive_at.data(), row, comm_);
  MPI_Type_free(&row);
  check_mpi(code);
}

void Rows::write_all_but_step_seconds(std::int64_t first) const {
  for (std::size_t c = 1; c < columns_.size(); ++c) write(columns_[c], first);
}

void Rows::write_step_seconds(std::int64_t first) const { write(columns_.front(), first); }

void Rows::write(const OpenColumn& column, std::int64_t first) const {
  if (n_dealt_ == 0) return;
  const auto n = static_cast<std::size_t>(n_dealt_), ranks = static_cast<std::size_t>(ranks_);
  std::vector<Word> block(n * ranks * column.width);  // (step, rank, …), as in the file
  Word* into = block.data();
  for (std::size_t step = 0; step < n; ++step)
    for (std::size_t from = 0; from < ranks; ++from)
      into = std::copy_n(&dealt_[(from * n + step) * width_ + column.begin], column.width, into);
  std::vector<hsize_t> count = hdf5::extents(column.set.get()), start(count.size(), 0);
  start[0] = static_cast<hsize_t>(first + first_dealt_);
  count[0] = n;
  const hdf5::Space whole(check(H5Dget_space(column.set.get())));
  check(H5Sselect_hyperslab(whole.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr));
  check(
      H5Dwrite(column.set.get(), column.what.type(), hdf5::space(count).get(), whole.get(), H5P_DEFAULT, block.data()));
}

void write_missing(const hdf5::Dataset& set, hid_t type, Word missing, std::int64_t begin, std::int64_t end) {
  const hdf5::Space whole(check(H5Dget_space(set.get())));
  std::vector<hsize_t> count = hdf5::extents(set.get());
  std::size_t step_size = 1;
  for (std::size_t axis = 1; axis < count.size(); ++axis) step_size *= count[axis];
  const auto block = static_cast<std::int64_t>(std::max<std::size_t>(1, fill_block / (step_size * sizeof(Word))));
  const std::vector<Word> nothing(static_cast<std::size_t>(std::min(block, end - begin)) * step_size, missing);
  std::vector<hsize_t> start(count.size(), 0);
  for (std::int64_t step = begin; step < end; step += block) {
    start[0] = static_cast<hsize_t>(step);
    count[0] = static_cast<hsize_t>(std::min(block, end - step));
    check(H5Sselect_hyperslab(whole.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr));
    check(H5Dwrite(set.get(), type, hdf5::space(count).get(), whole.get(), H5P_DEFAULT, nothing.data()));
  }
}

}  // namespace haloscope
