// SPDX-License-Identifier: BSD-3-Clause
#include <dlfcn.h>

#include <cstdlib>

#include "flow/poisson_petsc.hpp"
#include "haloscope/flow/poisson.hpp"

namespace haloscope {

namespace {

/// A threaded BLAS under PETSc's vectors would put the threads of all ranks on the same cores.
void make_blas_serial() {
  if (void* const symbol = dlsym(RTLD_DEFAULT, "openblas_set_num_threads")) {
    reinterpret_cast<void (*)(int)>(symbol)(1);
  }
}

}  // namespace

PetscSession::PetscSession(const std::vector<std::string>& options) {
  std::vector<std::string> words{"haloscope", "-skip_petscrc"};
  words.insert(words.end(), options.begin(), options.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  int count = static_cast<int>(words.size());
  char** arguments = pointers.data();
  // PETSc gets only the options of the command line, because the run file keeps those: no .petscrc, no environment. It
  // gets no signal handler, which would turn a kill into an abort. It prints no page of text for an error that we
  // report in a line.
  unsetenv("PETSC_OPTIONS");
  check_petsc(PetscInitialize(&count, &arguments, nullptr, nullptr));
  check_petsc(PetscPopSignalHandler());
  check_petsc(PetscPushErrorHandler(PetscReturnErrorHandler, nullptr));
  check_petsc(PetscOptionsSetValue(nullptr, "-options_left", "no"));  // require_options_used() reports them
  make_blas_serial();
}

PetscSession::~PetscSession() { (void)PetscFinalize(); }

void PetscSession::require_options_used() const {
  PetscInt count = 0;
  char **names = nullptr, **values = nullptr;
  check_petsc(PetscOptionsLeftGet(nullptr, &count, &names, &values));
  std::string first;
  for (PetscInt i = 0; i < count && first.empty(); ++i) {
    const std::string_view option = names[i];
    if (option != "options_left" && option != "skip_petscrc") first = option;
  }
  check_petsc(PetscOptionsLeftRestore(nullptr, &count, &names, &values));
  if (!first.empty()) {
    throw UserError(
        fmt::format("PETSc option -{}: nothing uses it: only options of the solver in force are allowed", first));
  }
}

std::string PetscSession::version() {
  return fmt::format("{}.{}.{}", PETSC_VERSION_MAJOR, PETSC_VERSION_MINOR, PETSC_VERSION_SUBMINOR);
}

}  // namespace haloscope
