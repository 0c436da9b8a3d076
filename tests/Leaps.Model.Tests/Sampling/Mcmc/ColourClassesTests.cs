using Leaps.Model.Sampling.Mcmc;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Sampling.Mcmc;

public sealed class ColourClassesTests
{
    [Fact]
    public void No_class_holds_two_neighbours_and_every_site_is_in_exactly_one()
    {
        for (int rows = 2; rows <= 17; rows++)
        {
            for (int columns = 2; columns <= 17; columns++)
            {
                var lattice = new Lattice(rows, columns);
                var classes = new ColourClasses(lattice);
                Assert.Equal(rows % 2 == 0 && columns % 2 == 0 ? 2 : 3, classes.Count);
                Assert.Equal(Enumerable.Range(0, lattice.Sites), classes.Sites.Order());
                var colours = new int[lattice.Sites];
                int seen = 0;
                for (int colour = 0; colour < classes.Count; colour++)
                {
                    foreach (int site in classes.Class(colour))
                    {
                        colours[site] = colour;
                        Assert.Equal(site, classes.Sites[seen++]);
                    }
                }
                for (int i = 0; i < lattice.Sites; i++)
                {
                    Assert.True(
                        colours[i] != colours[lattice.Right[i]] && colours[i] != colours[lattice.Down[i]],
                        $"{lattice}: site {i} has a neighbour of its own colour {colours[i]}");
                }
            }
        }
    }

    [Fact]
    public void The_classes_of_the_15_by_15_lattice_are_equally_large()
    {
        var classes = new ColourClasses(new Lattice(15, 15));
        for (int colour = 0; colour < 3; colour++)
            Assert.Equal(75, classes.Class(colour).Length);
    }
}
