// Runs the blocks of a launch, the threads of a block as fibers.
#pragma once

struct Launch
{
    void (*kernel)(const void *);
    const void *arguments;
    int grid, grid_y, block_size, shared_bytes;
};

// Null, or what the kernel did that a GPU forbids: lanes of a warp that part, a barrier that some never reach.
const char *run_launch(const Launch &launch);
