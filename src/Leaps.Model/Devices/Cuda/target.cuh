// The target: energies and their differences, of Targets/IsingTarget.cs and PottsTarget.cs, and the rate matrix of
// Sampling/RateMatrix.cs. One thread has one walker and adds in the order of the C# code, so that the sums have the
// same bits, up to the last place of e^{-ΔU}.
#pragma once
#include "real.cuh"

struct Target
{
    int rows, columns, sites;
    int states;             // q
    int potts, unused;
};

// Of EffectiveCouplings, at a time.
struct Couplings { double bond, site, bond_derivative, site_derivative; };

struct Statistics { int bonds, field; };

DEVICE Statistics statistics_of(const Target &target, const u8 *state)
{
    Statistics s = {0, 0};
    int i = 0;
    for (int row = 0; row < target.rows; row++)
    {
        const u8 *here = state + row * target.columns, *below = row + 1 < target.rows ? here + target.columns : state;
        for (int column = 0; column < target.columns; column++, i++)
        {
            int x = here[column], right = here[column + 1 < target.columns ? column + 1 : 0], down = below[column];
            if (target.potts)
                s.bonds += (right == x) + (down == x);
            else
            {
                s.bonds += (2 * x - 1) * (2 * (right + down) - 2);
                s.field += 2 * x - 1;
            }
        }
    }
    return s;
}

// Right, down, left, up.
struct Neighbours { int x[4]; };

DEVICE Neighbours neighbours_of(const Target &target, const u8 *state, int row, int column)
{
    const u8 *here = state + row * target.columns;
    Neighbours n;
    n.x[0] = here[column + 1 < target.columns ? column + 1 : 0];
    n.x[1] = state[(row + 1 < target.rows ? row + 1 : 0) * target.columns + column];
    n.x[2] = here[column > 0 ? column - 1 : target.columns - 1];
    n.x[3] = state[(row > 0 ? row - 1 : target.rows - 1) * target.columns + column];
    return n;
}

DEVICE int count_of(const Neighbours &n, int v)
{
    return (n.x[0] == v) + (n.x[1] == v) + (n.x[2] == v) + (n.x[3] == v);
}

constexpr int MOST_LEVELS = 10;

DEVICE int level_of(const Target &target, const Neighbours &n, int own, int v)
{
    return target.potts ? 4 + count_of(n, v) - count_of(n, own) : 5 * own + n.x[0] + n.x[1] + n.x[2] + n.x[3];
}

// e^{-ΔU_t} of a level.
DEVICE double boltzmann_factor(const Target &target, const Couplings &c, int level)
{
    double difference = target.potts ? -c.bond * (level - 4)
        : 2 * (2 * (level / 5) - 1) * (c.bond * (2 * (level % 5) - 4) + c.site);
    return exponential(-difference);
}

struct Rates { double outgoing, incoming; };

// λ_f and λ_b. With `slopes`, dK/dG as well: 1 where G > 0, e^{-ΔU} where G < 0.
DEVICE Rates rates_of(const Target &target, const u8 *state, const float *outputs, const double *factors)
{
    Rates r = {0, 0};
    for (int v = 0, o = 0; v < (target.potts ? target.states : 1); v++)
        for (int row = 0; row < target.rows; row++)
            for (int column = 0; column < target.columns; column++, o++)
            {
                double g = outputs[o];
                if (g < 0)
                {
                    Neighbours n = neighbours_of(target, state, row, column);
                    r.incoming -= g * factors[level_of(target, n, state[row * target.columns + column], v)];
                }
                else
                    r.outgoing += g;        // a NaN lands here, and shows
            }
    return r;
}

DEVICE u8 successor(const Target &target, int current, int output)
{
    return (u8)(target.potts ? output : 1 - current);
}
