// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/base/agreement.hpp"

#include <climits>
#include <cstdint>
#include <numeric>

namespace haloscope {

std::string broadcast(MPI_Comm comm, std::string text, int root) {
  auto length = static_cast<std::int64_t>(text.size());
  check_mpi(MPI_Bcast(&length, 1, MPI_INT64_T, root, comm));
  text.resize(static_cast<std::size_t>(length));
  check_mpi(MPI_Bcast(text.data(), static_cast<int>(length), MPI_CHAR, root, comm));
  return text;
}

std::vector<std::string> broadcast(MPI_Comm comm, const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all.append(text).push_back('\0');
  all = broadcast(comm, std::move(all));
  std::vector<std::string> received;
  for (std::size_t begin = 0, end; begin < all.size(); begin = end + 1) {
    end = all.find('\0', begin);
    received.push_back(all.substr(begin, end - begin));
  }
  return received;
}

std::vector<std::string> gather(MPI_Comm comm, const std::string& text) {
  const std::size_t n = rank_in(comm) == 0 ? static_cast<std::size_t>(ranks_in(comm)) : 0;
  const int length = static_cast<int>(text.size());
  std::vector<int> lengths(n), begins(n);
  check_mpi(MPI_Gather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, 0, comm));
  std::exclusive_scan(lengths.begin(), lengths.end(), begins.begin(), 0);
  std::string all(static_cast<std::size_t>(std::accumulate(lengths.begin(), lengths.end(), 0)), '\0');
  check_mpi(MPI_Gatherv(text.data(), length, MPI_CHAR, all.data(), lengths.data(), begins.data(), MPI_CHAR, 0, comm));
  std::vector<std::string> texts;
  for (std::size_t rank = 0; rank < n; ++rank)
    texts.push_back(all.substr(static_cast<std::size_t>(begins[rank]), static_cast<std::size_t>(lengths[rank])));
  return texts;
}

std::string first_said(MPI_Comm comm, std::string text) {
  const int mine = text.empty() ? INT_MAX : rank_in(comm);
  int first = INT_MAX;
  check_mpi(MPI_Allreduce(&mine, &first, 1, MPI_INT, MPI_MIN, comm));
  return first == INT_MAX ? std::string() : broadcast(comm, std::move(text), first);
}

}  // namespace haloscope
